package dev.gantry.bus;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Something that happened.
 *
 * @param topic {@code events.<concern>.<what>}, for example {@code events.namespace.exited}
 * @param body its facts; docs/events.md has the schema of each topic
 * @param sender who published it
 */
public record Event(String topic, ObjectNode body, Peer sender) {}
