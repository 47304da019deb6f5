package dev.gantry.bus;

/** A place on the bus that is held until it is closed. */
public interface Registration extends AutoCloseable {
    /** Gives the place up; returns when the bus has acknowledged it. Closing twice is harmless. */
    @Override
    void close();
}
