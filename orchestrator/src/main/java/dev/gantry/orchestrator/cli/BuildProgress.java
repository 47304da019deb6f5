package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.BuildResult.Kind;
import dev.gantry.bus.contract.container.BuildResult.Line;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Shows how a build goes, on standard error. */
interface BuildProgress {
    /** A way to show it by its name. */
    static BuildProgress of(String name) {
        return switch (name) {
            case "auto" -> Terminal.isTerminal(2) ? new LiveBuildProgress() : new Plain();
            case "plain" -> new Plain();
            case "tty" -> new LiveBuildProgress();
            case "quiet" -> new Quiet();
            default ->
                    throw FaultException.invalid(
                            "--progress %s is none of auto, plain, tty, quiet", Names.quote(name));
        };
    }

    /** It begins; that many stages are needed. */
    void begin(int stages);

    /** Something has happened, or the time was over. */
    void lines(List<Line> lines);

    /** It has ended. */
    void end(boolean failed);

    /** How long it may wait for the next lines. */
    default long patienceMillis() {
        return Long.MAX_VALUE;
    }

    /** {@code [stage 2/5]}, or without the stage where there is but one. */
    static String step(Line line, boolean named) {
        var stage = named && !line.stage().isEmpty() ? line.stage() + " " : "";
        return "[" + stage + line.step() + "/" + line.steps() + "]";
    }

    /** An id as people see it. */
    static String shortened(String id) {
        return id.startsWith("sha256:") ? id.substring(7, 19) : id;
    }

    /** A line each, in the order in which things happen. */
    final class Plain implements BuildProgress {
        private final PrintStream out =
                new PrintStream(Invocation.current().err(), false, StandardCharsets.UTF_8);
        private boolean named;

        @Override
        public void begin(int stages) {
            named = stages > 1;
        }

        @Override
        public void lines(List<Line> lines) {
            lines.forEach(this::print);
            out.flush();
        }

        private void print(Line line) {
            var step = step(line, named);
            switch (line.kind()) {
                case STEP -> out.println(step + " " + line.text());
                case CACHED -> out.println(came(step, " cached", line));
                case DONE -> line.image().ifPresent(id -> out.println(came(step, "", line)));
                case OUTPUT -> out.println(named ? step + " " + line.text() : line.text());
                case NOTE -> out.println("gantry: " + line.text());
                case FAILED -> {
                    // Said at the end, once.
                }
            }
        }

        private String came(String step, String how, Line line) {
            var id = line.image().map(i -> " " + shortened(i)).orElse("");
            return (named ? step : "") + (named ? " " : "") + "-->" + how + id;
        }

        @Override
        public void end(boolean failed) {
            out.flush();
        }
    }

    /** Nothing, unless it fails: then the last lines that its steps wrote. */
    final class Quiet implements BuildProgress {
        private static final int KEPT = 30;
        private final Deque<String> output = new ArrayDeque<>();

        @Override
        public void begin(int stages) {
            // Nothing is shown.
        }

        @Override
        public void lines(List<Line> lines) {
            for (var line : lines) {
                if (line.kind() == Kind.OUTPUT) {
                    output.add(line.text());
                    if (output.size() > KEPT) {
                        output.removeFirst();
                    }
                }
            }
        }

        @Override
        public void end(boolean failed) {
            if (failed) {
                output.forEach(Invocation.current().err()::println);
            }
        }
    }
}
