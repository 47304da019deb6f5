package dev.gantry.bus;

import java.util.function.Consumer;

/** Hands events over; a subscriber that throws has a defect, and still gets the next event. */
final class Subscribers {
    private Subscribers() {}

    static void deliver(Consumer<Event> subscriber, Event event, System.Logger log) {
        try {
            subscriber.accept(event);
        } catch (RuntimeException | LinkageError | AssertionError e) {
            log.log(System.Logger.Level.ERROR, "a subscriber failed on " + event.topic(), e);
        }
    }
}
