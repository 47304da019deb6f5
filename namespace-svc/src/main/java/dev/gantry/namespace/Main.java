package dev.gantry.namespace;

import dev.gantry.bus.service.ServiceHost;

/** namespace-svc as a process of its own. */
public final class Main {
    private Main() {}

    /** Options: see {@link ServiceHost}. */
    public static void main(String[] arguments) {
        ServiceHost.main(new NamespaceProvider(), arguments);
    }
}
