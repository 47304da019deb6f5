package dev.gantry.storage.content;

import java.util.Optional;

/**
 * An image that the index names and of which something is broken. It is kept in the index, and what
 * is left of it in the store, until it is brought again or removed: much of it may still be good.
 *
 * @param manifest if that is whole
 * @param reason what is broken
 */
record Damaged(Descriptor descriptor, Optional<Manifest> manifest, String reason) {}
