package dev.gantry.orchestrator.events;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.container.ContainerResult.LoggedEvent;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The durable log of events. */
class JournalTest {
    @TempDir Path directory;

    @Test
    void numbersEventsAndReadsThemByCursor() {
        try (var journal = new Journal(directory)) {
            for (int i = 0; i < 5; i++) {
                journal.append("events.test.x", body(i));
            }

            var first = journal.read(0, 2);
            assertThat(first.events()).extracting(LoggedEvent::sequence).containsExactly(1L, 2L);
            assertThat(first.missed()).isZero();
            var rest = journal.read(first.next(), 0);
            assertThat(rest.events()).extracting(LoggedEvent::sequence).containsExactly(3L, 4L, 5L);
            assertThat(journal.read(rest.next(), 0).events()).isEmpty();
            assertThat(journal.read(rest.next(), 0).next()).isEqualTo(5);
            assertThat(journal.read(-1, 0).next()).isEqualTo(5);
        }
    }

    @Test
    void goesOnAfterARestartAndALineCutShort() throws Exception {
        try (var journal = new Journal(directory)) {
            journal.append("events.test.x", body(1));
            journal.append("events.test.x", body(2));
        }
        var segment = directory.resolve("00000000000000000001.events");
        Files.writeString(segment, "{\"sequence\":3,\"to", StandardOpenOption.APPEND);

        try (var journal = new Journal(directory)) {
            assertThat(journal.append("events.test.x", body(3))).isEqualTo(3);
            assertThat(journal.read(0, 0).events())
                    .extracting(e -> e.body().path("n").asInt())
                    .containsExactly(1, 2, 3);
        }
    }

    @Test
    void keepsWithinItsSizeAndSaysWhatIsMissed() throws Exception {
        try (var journal = new Journal(directory, 2_000, 6_000)) {
            for (int i = 1; i <= 500; i++) {
                journal.append("events.test.x", body(i));
            }

            var page = journal.read(10, 1);
            assertThat(page.events().getFirst().sequence()).isEqualTo(11 + page.missed());
            assertThat(page.missed()).isPositive();
            assertThat(journal.read(499, 0).events()).hasSize(1);
            long size = 0;
            try (var files = Files.newDirectoryStream(directory)) {
                for (var file : files) {
                    size += Files.size(file);
                }
            }
            assertThat(size).isLessThan(9_000);
        }
    }

    @Test
    void writersAtTheSameTimeLoseNothing() throws Exception {
        try (var journal = new Journal(directory, 10_000, 10_000_000)) {
            Set<Long> numbers = ConcurrentHashMap.newKeySet();
            var threads = new ArrayList<Thread>();
            for (int t = 0; t < 8; t++) {
                threads.add(
                        Thread.startVirtualThread(
                                () -> {
                                    for (int i = 0; i < 100; i++) {
                                        numbers.add(journal.append("events.test.x", body(i)));
                                    }
                                }));
            }
            for (var thread : threads) {
                thread.join();
            }

            assertThat(numbers).hasSize(800).contains(1L, 800L);
            assertThat(journal.read(0, 1000).events())
                    .extracting(LoggedEvent::sequence)
                    .isSorted()
                    .hasSize(800);
        }
    }

    private static ObjectNode body(int n) {
        return Json.mapper().createObjectNode().put("id", "c").put("timeNanos", 7L).put("n", n);
    }
}
