package dev.gantry.storage;

import dev.gantry.bus.service.ServiceHost;

/** The process storage-svc. */
public final class Main {
    private Main() {}

    /** Serves until it is told to stop. */
    public static void main(String[] arguments) {
        ServiceHost.main(new StorageProvider(), arguments);
    }
}
