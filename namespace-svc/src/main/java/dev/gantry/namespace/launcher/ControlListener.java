package dev.gantry.namespace.launcher;

/**
 * Hears what a shim says, in its order, on the one thread that reads for all: must not block. What
 * a request is answered is heard here before whoever waits for the answer goes on.
 */
public interface ControlListener {
    /** Nobody listens. */
    ControlListener NOBODY =
            new ControlListener() {
                @Override
                public void said(ShimMessage message) {}

                @Override
                public void gone() {}
            };

    /** A reply or an event. */
    void said(ShimMessage message);

    /** The connection is at its end: the shim is gone, or the channel was closed. */
    void gone();
}
