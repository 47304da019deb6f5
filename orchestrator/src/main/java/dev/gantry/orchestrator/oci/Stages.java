package dev.gantry.orchestrator.oci;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.namespace.NamespaceOperation;

/**
 * What {@code --debug} tells: every operation of the kernel that made a container, its duration and
 * the answer, and the stages in the words of runc's log, which people and programs look for.
 */
final class Stages {
    private final ErrorLog log;
    private final Services services;

    Stages(ErrorLog log, Services services) {
        this.log = log;
        this.services = services;
    }

    /** A container waits for its start. */
    void created(String key, long pid) {
        if (!log.debug()) {
            return;
        }
        log.debug("nsexec container setup: process " + pid + " was cloned into its namespaces");
        for (var step : services.ask(new NamespaceOperation.Explain(key)).steps()) {
            log.debug(text(step));
        }
        log.debug("child process in init(): process " + pid + " waits for the start");
    }

    /** Its command runs. */
    void started(long pid) {
        if (log.debug()) {
            log.debug(
                    "init: closing the pipe to signal completion: process "
                            + pid
                            + " has executed its command");
        }
    }

    /** A further process runs. */
    void executed(String id, long pid) {
        if (log.debug()) {
            log.debug("nsexec container setup: a process was cloned for the namespaces of " + id);
            log.debug("child process in init(): process " + pid + " is in them");
            log.debug("setns_init: about to exec: process " + pid + " goes on to its command");
        }
    }

    private static String text(PlanStep step) {
        return step.service()
                + ": "
                + step.operation()
                + " "
                + step.detail()
                + step.durationNanos().map(nanos -> ", " + nanos / 1000 + " µs").orElse("")
                + step.answer().map(answer -> ": " + answer).orElse("");
    }
}
