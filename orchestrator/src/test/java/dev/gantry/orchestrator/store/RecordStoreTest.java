package dev.gantry.orchestrator.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.orchestrator.model.ContainerIds;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.model.ContainerState.Creating;
import dev.gantry.orchestrator.model.ContainerState.Running;
import dev.gantry.orchestrator.testing.Bench;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/** The records of containers on disk. */
class RecordStoreTest {
    @TempDir Path state;

    private static ContainerRecord container() {
        return ContainerRecord.creating(ContainerIds.fresh(), "name", 1, Bench.spec(Map.of()));
    }

    private static ContainerRecord running(ContainerRecord record, long since) {
        return record.with(Creating.anew().created(7, "/attach").started(since));
    }

    private Path file(ContainerRecord record) {
        return state.resolve("containers").resolve(record.id() + ".json");
    }

    private List<ContainerRecord> loaded() {
        try (var store = new RecordStore(state)) {
            return store.load();
        }
    }

    @Test
    void aChangeIsALineOfWhatHasChanged() throws IOException {
        var record = container();
        try (var store = new RecordStore(state)) {
            store.write(record);
            store.write(running(record, 5));
        }

        var lines = Files.readAllLines(file(record));
        assertThat(lines).hasSize(2);
        assertThat(lines.get(1)).contains("state").doesNotContain("spec");
        assertThat(loaded()).containsExactly(running(record, 5));
    }

    @Test
    void whatIsLoadedIsGoneOnWith() {
        var record = container();
        try (var store = new RecordStore(state)) {
            store.write(record);
        }
        try (var store = new RecordStore(state)) {
            var again = store.load().getFirst();
            store.write(running(again.named("other"), 6));
        }

        assertThat(loaded()).containsExactly(running(record.named("other"), 6));
    }

    @Test
    void halfALineDoesNotCountAndIsOverwritten() throws IOException {
        var record = container();
        try (var store = new RecordStore(state)) {
            store.write(record);
        }
        Files.writeString(file(record), "{\"name\":\"ha", StandardOpenOption.APPEND);
        assertThat(loaded()).containsExactly(record);

        try (var store = new RecordStore(state)) {
            store.load();
            store.write(running(record, 7));
        }
        assertThat(loaded()).containsExactly(running(record, 7));
    }

    @Test
    void aFileStaysSmallHoweverOftenItsRecordChanges() throws IOException {
        var record = container();
        try (var store = new RecordStore(state)) {
            for (int i = 0; i < 1000; i++) {
                store.write(running(record, i));
            }
        }

        assertThat(Files.readAllLines(file(record))).hasSizeLessThanOrEqualTo(64);
        assertThat(((Running) loaded().getFirst().state()).startedNanos()).isEqualTo(999);
    }

    @Test
    void whatCannotBeReadIsSetAside() throws IOException {
        var record = container();
        try (var store = new RecordStore(state)) {
            store.write(record);
        }
        Files.writeString(file(record), "no JSON\n", StandardOpenOption.APPEND);

        assertThat(loaded()).isEmpty();
        assertThat(file(record).resolveSibling(record.id() + ".json.unreadable")).exists();
    }
}
