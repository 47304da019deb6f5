package dev.gantry.seccomp;

import dev.gantry.bus.service.ServiceHost;

/** seccomp-svc as a process of its own. */
public final class Main {
    private Main() {}

    /** Serves until it is told to stop; the options are those of {@link ServiceHost}. */
    public static void main(String[] arguments) {
        ServiceHost.main(new SeccompProvider(), arguments);
    }
}
