package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.LogLine;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** {@code logs}: what a container wrote. */
@Command(
        name = "logs",
        mixinStandardHelpOptions = true,
        description = "Print what a container wrote.")
final class LogsCommand implements Callable<Integer> {
    private static final int LINES_A_CHUNK = 2000;
    private static final long POLL_NANOS = 100_000_000L;

    @ParentCommand GantryCommand gantry;

    @Option(
            names = {"-f", "--follow"},
            description = "go on until the container stops")
    boolean follow;

    @Option(
            names = {"-n", "--tail"},
            paramLabel = "N",
            description = "only the last N lines")
    String tail = "all";

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "only lines after a time (RFC 3339, Unix seconds) or for a span (10m)")
    String since;

    @Option(
            names = {"-t", "--timestamps"},
            description = "with the time of each line")
    boolean timestamps;

    @Parameters(paramLabel = "CONTAINER", description = "id or name")
    String container;

    @Override
    public Integer call() {
        int lines = tail.equals("all") ? -1 : OptionSyntax.number("--tail", tail);
        var sinceNanos = Optional.ofNullable(since).map(LogsCommand::nanos);
        var cursor = "";
        boolean stopped = false;
        while (true) {
            var chunk =
                    gantry.engine()
                            .container(
                                    new ContainerOperation.Logs(
                                            container, cursor, lines, sinceNanos, LINES_A_CHUNK));
            chunk.lines().forEach(this::print);
            Invocation.current().out().flush();
            cursor = chunk.cursor();
            lines = -1;
            if (!chunk.end()) {
                continue;
            }
            if (!follow || stopped) {
                return 0;
            }
            // One more read after the stop, so that the last lines are not missed.
            stopped =
                    gantry.engine().container(new ContainerOperation.Wait(container, 0)).stopped();
            if (!stopped) {
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
    }

    private void print(LogLine line) {
        var caller = Invocation.current();
        PrintStream out = line.stream().equals("stderr") ? caller.err() : caller.out();
        var text = line.partial() ? line.text() : line.text() + "\n";
        if (timestamps) {
            var time =
                    Instant.ofEpochSecond(
                            line.timeNanos() / 1_000_000_000L, line.timeNanos() % 1_000_000_000L);
            text = time + " " + text;
        }
        out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Nanoseconds since the Unix epoch of a time, or of a span before now. */
    static long nanos(String text) {
        try {
            if (text.matches("\\d+(\\.\\d+)?")) {
                return Math.round(Double.parseDouble(text) * 1e9);
            }
            if (text.matches("(\\d+h)?(\\d+m)?(\\d+s)?") && !text.isEmpty()) {
                var span = Duration.parse("PT" + text.toUpperCase(java.util.Locale.ROOT));
                return nanos(Instant.now().minus(span));
            }
            return nanos(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeParseException e) {
            throw FaultException.invalid(
                    "%s is neither a time (2026-01-31T12:00:00Z, Unix seconds) nor a span (1h30m)",
                    Names.quote(text));
        }
    }

    private static long nanos(Instant instant) {
        return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
    }
}
