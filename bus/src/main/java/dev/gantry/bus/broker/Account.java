package dev.gantry.bus.broker;

/** What all connections of one user take together. */
final class Account {
    int connections;
    int pending;
    long heldBytes;
}
