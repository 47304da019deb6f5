package dev.gantry.orchestrator.store;

import com.fasterxml.jackson.core.JsonProcessingException;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.model.ContainerRecord;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The containers' records on disk: {@code containers/ID.json}, and {@code containers/ID.plan} for
 * what was done to make one. What is written survives a killed process at once, and a lost machine
 * once {@link #durable} has completed.
 */
public final class RecordStore implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(RecordStore.class.getName());
    private static final String RECORD = ".json";
    private static final String PLAN = ".plan";
    private static final String UNREADABLE = ".unreadable";

    private final Path directory;
    private final GroupCommit commits;
    private final Map<String, RecordFile> files = new ConcurrentHashMap<>();
    private final Set<String> plans = ConcurrentHashMap.newKeySet();

    /** Opens the store below the orchestrator's state directory, making it if need be. */
    public RecordStore(Path state) {
        this.directory = state.resolve("containers");
        try {
            Files.createDirectories(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw failed("make directory " + directory, e);
        }
        this.commits = new GroupCommit(directory);
    }

    /** Writes a record, new or changed. One writer for each at a time. */
    public void write(ContainerRecord record) {
        var path = path(record.id());
        var file = files.getOrDefault(record.id(), RecordFile.at(path));
        try {
            file.write(record);
            files.put(record.id(), file);
        } catch (IOException e) {
            throw failed("write " + path, e);
        }
    }

    /** Completes when the record as it is now would survive a loss of power. */
    public CompletableFuture<Void> durable(String id) {
        return commits.commit(path(id));
    }

    /** Replaces the plan of a container. */
    public void writePlan(String id, List<PlanStep> steps) {
        var path = planPath(id);
        try {
            var lines = new StringBuilder();
            for (var step : steps) {
                lines.append(Json.mapper().writeValueAsString(step)).append('\n');
            }
            Files.writeString(path, lines);
            plans.add(id);
        } catch (IOException e) {
            throw failed("write " + path, e);
        }
    }

    /** The plan of a container; empty if it has none. */
    public List<PlanStep> readPlan(String id) {
        var path = planPath(id);
        var steps = new ArrayList<PlanStep>();
        try {
            if (plans.contains(id)) {
                for (var line : Files.readAllLines(path)) {
                    steps.add(Json.mapper().readValue(line, PlanStep.class));
                }
            }
        } catch (JsonProcessingException cutShort) {
            // A crash while it was written: what came before is whole.
        } catch (IOException e) {
            throw failed("read " + path, e);
        }
        return List.copyOf(steps);
    }

    /** Forgets the plan of a container. Not there is as good. */
    public void deletePlan(String id) {
        if (!plans.contains(id)) {
            return;
        }
        try {
            Files.deleteIfExists(planPath(id));
            plans.remove(id);
        } catch (IOException e) {
            throw failed("remove " + planPath(id), e);
        }
    }

    /** Forgets a container but for its plan. Not there is as good. */
    public void delete(String id) {
        // Not synced: should the machine be lost before this is on disk, the record comes back in
        // the state removing, and the removal is completed once more.
        try {
            Files.deleteIfExists(path(id));
        } catch (IOException e) {
            throw failed("remove " + path(id), e);
        }
        files.remove(id);
    }

    /** Every record. One that cannot be read is set aside and named in the log. */
    public List<ContainerRecord> load() {
        var all = new ArrayList<ContainerRecord>();
        try (var found = Files.newDirectoryStream(directory)) {
            for (var file : found) {
                var name = file.getFileName().toString();
                if (name.endsWith(".new")) {
                    Files.deleteIfExists(file); // A write that a crash cut short.
                } else if (name.endsWith(PLAN)) {
                    plans.add(name.substring(0, name.length() - PLAN.length()));
                } else if (name.endsWith(RECORD)) {
                    read(file).ifPresent(all::add);
                }
            }
        } catch (IOException e) {
            throw failed("read " + directory, e);
        }
        // The plan of a container that a crash kept from being removed with its record.
        List.copyOf(plans).stream().filter(id -> !files.containsKey(id)).forEach(this::deletePlan);
        return all;
    }

    private Optional<ContainerRecord> read(Path path) throws IOException {
        try {
            var file = RecordFile.read(path);
            if (file.isEmpty()) {
                setAside(path, "it has no whole line");
            }
            file.ifPresent(f -> files.put(f.record().id(), f));
            return file.map(RecordFile::record);
        } catch (JsonProcessingException e) {
            setAside(path, e.getOriginalMessage());
            return Optional.empty();
        }
    }

    /** Whether a record that has something in it was set aside: its container is not forgotten. */
    public boolean isSetAside(String id) {
        return directory.resolve(id + RECORD + UNREADABLE).toFile().length() > 0;
    }

    private static void setAside(Path path, String why) throws IOException {
        var aside = path.resolveSibling(path.getFileName() + UNREADABLE);
        Files.move(path, aside);
        LOG.log(
                System.Logger.Level.ERROR,
                "record {0} cannot be read and is kept as {1}: {2}",
                path,
                aside.getFileName(),
                why);
    }

    private Path path(String id) {
        return directory.resolve(id + RECORD);
    }

    private Path planPath(String id) {
        return directory.resolve(id + PLAN);
    }

    static FaultException failed(String what, IOException e) {
        return FaultException.of(FaultCode.INTERNAL, "%s: %s", what, e);
    }

    @Override
    public void close() {
        commits.close();
    }
}
