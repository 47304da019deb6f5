package dev.gantry.orchestrator.invocation;

import java.util.concurrent.CompletableFuture;

/** A child of the process that the caller sees. */
public interface ChildProcess {
    /** Completes at its end with its exit code, or 128 + the signal that ended it. */
    CompletableFuture<Integer> ended();

    /** SIGTERM, if it still runs. */
    void terminate();
}
