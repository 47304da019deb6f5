package dev.gantry.storage.content;

import java.util.Map;

/** Tells the world what happened to images and volumes, once, after the fact. */
@FunctionalInterface
public interface Events {
    /**
     * Publishes {@code events.storage.<what>}.
     *
     * @param id image id or volume name
     */
    void publish(String what, String id, Map<String, String> facts);
}
