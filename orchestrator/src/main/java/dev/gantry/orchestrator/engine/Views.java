package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.container.ContainerResult.Created;
import dev.gantry.bus.contract.container.ContainerResult.Exit;
import dev.gantry.bus.contract.container.ContainerResult.Summary;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.model.ContainerState;
import dev.gantry.orchestrator.model.Ending;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** How records look to clients. */
final class Views {
    private static final long SECOND = 1_000_000_000L;

    private Views() {}

    static Created created(
            ContainerRecord record, ContainerState.Live live, Optional<String> execId) {
        return new Created(
                record.id(),
                record.name(),
                execId,
                live.pid(),
                record.spec().tty(),
                live.attachSocket(),
                List.of());
    }

    static Exit exit(Ending ending) {
        return new Exit(true, ending.code(), ending.oomKilled(), ending.reason());
    }

    static Exit notYet() {
        return new Exit(false, 0, false, "");
    }

    static Summary summary(ContainerRecord record, long nowNanos) {
        return new Summary(
                record.id(),
                record.name(),
                record.spec().image(),
                command(record),
                record.createdNanos() / SECOND,
                record.state().word(),
                status(record.state(), nowNanos),
                record.network().map(Attached::ports).orElse(record.spec().ports()),
                record.spec().labels(),
                record.image().map(Image::id).orElse(""),
                Volumes.of(record));
    }

    static List<String> command(ContainerRecord record) {
        return record.oci()
                .map(OciSpec::process)
                .map(p -> p.args())
                .orElse(record.spec().command());
    }

    /** For example {@code Up 3 minutes}, {@code Exited (137) 2 hours ago}. */
    static String status(ContainerState state, long nowNanos) {
        return switch (state) {
            case ContainerState.Creating c -> "Creating";
            case ContainerState.Created c -> "Created";
            case ContainerState.Running running -> "Up " + ago(nowNanos - running.startedNanos());
            case ContainerState.Paused paused ->
                    "Up " + ago(nowNanos - paused.running().startedNanos()) + " (Paused)";
            case ContainerState.Stopped stopped ->
                    "Exited ("
                            + stopped.ending().code()
                            + ") "
                            + ago(nowNanos - stopped.ending().timeNanos())
                            + " ago"
                            + (stopped.ending().oomKilled() ? " (killed for memory)" : "");
            case ContainerState.Removing r -> "Removing";
        };
    }

    static String ago(long nanos) {
        var time = Duration.ofNanos(Math.max(0, nanos));
        long seconds = time.toSeconds();
        if (seconds < 1) {
            return "less than a second";
        }
        if (seconds < 120) {
            return seconds == 1 ? "1 second" : seconds + " seconds";
        }
        if (time.toMinutes() < 120) {
            return time.toMinutes() + " minutes";
        }
        return time.toHours() < 48 ? time.toHours() + " hours" : time.toDays() + " days";
    }
}
