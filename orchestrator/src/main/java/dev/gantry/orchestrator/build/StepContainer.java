package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.container.BuildResult.Kind;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.engine.ContainerEngine;
import dev.gantry.orchestrator.services.Caller;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The container of a RUN: an ordinary one, made by the same engine as any other, with the default
 * capabilities and the default filter (security.md row 26).
 */
final class StepContainer {
    /** Says of a container to which build it belongs. */
    static final String LABEL = "dev.gantry.build";

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final long LOOK_MILLIS = 40;
    private static final int LINES = 1_000;
    private static final int LONGEST_LINE = 64 << 10;

    private final ContainerEngine engine;
    private final RunningBuild build;

    StepContainer(ContainerEngine engine, RunningBuild build) {
        this.engine = engine;
        this.build = build;
    }

    /** What is to be run, and on what. */
    record Order(
            String image,
            List<String> command,
            List<String> environment,
            String directory,
            String user,
            String network,
            List<OciMount> mounts) {}

    /**
     * Runs it, passes on what it writes, and does something with the ended container before it is
     * removed.
     *
     * @param failed makes the error of an exit code other than 0
     */
    <R> R run(
            Order order,
            Progress.Step step,
            Function<String, FaultException> failed,
            Function<String, R> then) {
        build.check();
        var id = engine.run(new ContainerOperation.Run(spec(order)), caller()).id();
        build.began(id);
        try {
            int code = follow(id, step);
            build.check();
            if (code != 0) {
                throw failed.apply("exit code " + code);
            }
            return then.apply(id);
        } finally {
            engine.remove(new ContainerOperation.Remove(id, true), caller());
            build.over(id);
        }
    }

    /** Ends it; it is removed by whoever runs it. */
    static void kill(ContainerEngine engine, String id) {
        try {
            engine.kill(new ContainerOperation.Kill(id, "KILL"), caller());
        } catch (FaultException e) {
            boolean over =
                    e.fault().code() == FaultCode.NOT_FOUND
                            || e.fault().code() == FaultCode.FAILED_PRECONDITION;
            if (!over) {
                throw e;
            }
        }
    }

    private static Caller caller() {
        return Caller.within(PATIENCE);
    }

    private ContainerSpec spec(Order order) {
        return new ContainerSpec(
                order.image(),
                Optional.empty(),
                Optional.of(List.of("")),
                order.command(),
                order.environment(),
                Optional.of(order.directory()),
                Optional.of(order.user()).filter(user -> !user.isEmpty()),
                List.of(),
                Optional.empty(),
                Map.of(LABEL, build.id()),
                false,
                Optional.empty(),
                Optional.empty(),
                false,
                false,
                false,
                order.mounts(),
                false,
                order.network(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                LinuxResources.NONE,
                List.of(),
                List.of(),
                false,
                Optional.empty(),
                false,
                List.of(),
                Map.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty(),
                0,
                0,
                true);
    }

    /** Passes lines on until it has ended; its exit code. */
    private int follow(String id, Progress.Step step) {
        var cursor = "";
        var partial = new StringBuilder();
        while (true) {
            // Asked before the log is read: what it wrote until then is in the log.
            var exit = engine.await(new ContainerOperation.Wait(id, LOOK_MILLIS), caller());
            boolean more = true;
            while (more) {
                var chunk =
                        engine.logs(
                                new ContainerOperation.Logs(
                                        id, cursor, -1, Optional.empty(), LINES),
                                caller());
                for (var line : chunk.lines()) {
                    partial.append(line.text());
                    if (!line.partial() || partial.length() > LONGEST_LINE) {
                        tell(step, partial);
                    }
                }
                cursor = chunk.cursor();
                more = !chunk.end();
            }
            if (exit.stopped()) {
                if (!partial.isEmpty()) {
                    tell(step, partial);
                }
                return exit.code();
            }
        }
    }

    private void tell(Progress.Step step, StringBuilder line) {
        build.progress().tell(Kind.OUTPUT, step, line.toString(), Optional.empty());
        line.setLength(0);
    }
}
