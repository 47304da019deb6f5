package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.LoggedEvent;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/**
 * {@code events}: reads the durable log by its cursor, so nothing between two reads is missed, and
 * what is no longer kept is said.
 */
@Command(
        name = "events",
        mixinStandardHelpOptions = true,
        description = "Print what happens to containers, images and networks.")
final class EventsCommand implements Callable<Integer> {
    private static final long POLL_NANOS = 100_000_000L;

    @ParentCommand GantryCommand gantry;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description =
                    "from a time (RFC 3339, Unix seconds) or for a span (10m); all: from the start")
    String since;

    @Option(names = "--after", paramLabel = "N", description = "from the event after number N on")
    Long after;

    @Option(names = "--no-follow", description = "end when there are no more")
    boolean noFollow;

    @Option(
            names = {"-f", "--filter"},
            paramLabel = "TOPIC",
            description = "topics that begin so, for example container or events.storage.")
    List<String> topics = List.of();

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "json, or text with {{.topic}}")
    String format;

    @Override
    public Integer call() {
        var template = format == null ? null : new Template(format);
        boolean fromStart = after != null || since != null;
        long fromNanos = since == null || since.equals("all") ? 0 : LogsCommand.nanos(since);
        long cursor = after != null ? after : fromStart ? 0 : end();
        while (true) {
            var page = gantry.engine().container(new ContainerOperation.EventLog(cursor, 1000));
            if (page.missed() > 0 && fromStart) {
                gantry.err().println("gantry: " + page.missed() + " older events are not kept");
                gantry.err().flush();
                fromStart = false;
            }
            for (var event : page.events()) {
                if (event.timeNanos() >= fromNanos && matches(event)) {
                    gantry.out()
                            .println(
                                    template == null
                                            ? line(event)
                                            : template.apply(
                                                    dev.gantry.bus.wire.Json.mapper()
                                                            .valueToTree(event)));
                }
            }
            gantry.out().flush();
            cursor = page.next();
            if (page.events().isEmpty()) {
                if (noFollow) {
                    return 0;
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
    }

    private long end() {
        return gantry.engine().container(new ContainerOperation.EventLog(-1, 1)).next();
    }

    private boolean matches(LoggedEvent event) {
        return topics.isEmpty()
                || topics.stream()
                        .anyMatch(
                                topic ->
                                        event.topic().startsWith(topic)
                                                || event.topic().startsWith("events." + topic));
    }

    private static String line(LoggedEvent event) {
        var time =
                Instant.ofEpochSecond(
                        event.timeNanos() / 1_000_000_000L, event.timeNanos() % 1_000_000_000L);
        return event.sequence()
                + " "
                + time
                + " "
                + event.topic()
                + " "
                + Template.json(event.body(), false);
    }
}
