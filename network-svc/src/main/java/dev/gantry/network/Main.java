package dev.gantry.network;

import dev.gantry.bus.service.ServiceHost;

/** network-svc in a process of its own. */
public final class Main {
    private Main() {}

    /** Serves {@code network.v1} until it is told to stop. */
    public static void main(String[] arguments) {
        ServiceHost.main(new NetworkProvider(), arguments);
    }
}
