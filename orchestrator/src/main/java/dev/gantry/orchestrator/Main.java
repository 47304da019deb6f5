package dev.gantry.orchestrator;

import dev.gantry.bus.service.ServiceHost;

/** The orchestrator in a process of its own. */
public final class Main {
    private Main() {}

    /** Runs until it is told to stop; options as in bus/README.md. */
    public static void main(String[] arguments) {
        ServiceHost.main(new OrchestratorProvider(), arguments);
    }
}
