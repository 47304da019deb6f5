/**
 * Talks to the launcher and its shims (src/main/c/protocol.md, sections 1 and 2) and holds the one
 * interface that lists every kernel call of this service.
 */
package dev.gantry.namespace.launcher;
