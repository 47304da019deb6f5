package dev.gantry.orchestrator.logs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.container.ContainerResult.LogLine;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/** Logs in CRI form over their rotations. */
class LogReaderTest {
    private static final String ID = "c1";

    @TempDir Path root;
    private LogDirectory directory;
    private LogReader reader;
    private Path log;

    @BeforeEach
    void make() {
        directory = new LogDirectory(root);
        reader = new LogReader(directory);
        log = directory.make(ID);
    }

    @Test
    void anAbsentLogIsEmpty() {
        assertThat(reader.read(ID, "", -1, Optional.empty(), 0).lines()).isEmpty();
    }

    @Test
    void readsStreamsTagsAndTimes() throws Exception {
        Files.writeString(
                log,
                "2026-01-02T03:04:05.000000006Z stderr P half\n"
                        + "2026-01-02T03:04:05.000000007Z stdout F a b  c\n"
                        + "2026-01-02T03:04:05.000000008Z stdout F \n");

        assertThat(reader.read(ID, "", -1, Optional.empty(), 0).lines())
                .containsExactly(
                        new LogLine(1767323045000000006L, "stderr", true, "half"),
                        new LogLine(1767323045000000007L, "stdout", false, "a b  c"),
                        new LogLine(1767323045000000008L, "stdout", false, ""));
    }

    @Test
    void followsOverARotation() throws Exception {
        write(1, 3);
        var first = reader.read(ID, "", -1, Optional.empty(), 2);
        assertThat(texts(first.lines())).containsExactly("1", "2");
        assertThat(first.end()).isFalse();

        write(4, 4);
        rotate();
        write(5, 6);
        var rest = reader.read(ID, first.cursor(), -1, Optional.empty(), 0);

        assertThat(texts(rest.lines())).containsExactly("3", "4", "5", "6");
        assertThat(rest.end()).isTrue();
        write(7, 7);
        assertThat(texts(reader.read(ID, rest.cursor(), -1, Optional.empty(), 0).lines()))
                .containsExactly("7");
    }

    @Test
    void anUnfinishedLineWaits() throws Exception {
        write(1, 1);
        Files.writeString(log, "2026-01-02T03:04:05.000000006Z std", StandardOpenOption.APPEND);
        var chunk = reader.read(ID, "", -1, Optional.empty(), 0);
        assertThat(texts(chunk.lines())).containsExactly("1");

        Files.writeString(log, "out F 2\n", StandardOpenOption.APPEND);

        assertThat(texts(reader.read(ID, chunk.cursor(), -1, Optional.empty(), 0).lines()))
                .containsExactly("2");
    }

    @Test
    void tailsOverARotation() throws Exception {
        write(1, 3);
        rotate();
        write(4, 5);

        assertThat(texts(reader.read(ID, "", 0, Optional.empty(), 0).lines())).isEmpty();
        assertThat(texts(reader.read(ID, "", 1, Optional.empty(), 0).lines())).containsExactly("5");
        assertThat(texts(reader.read(ID, "", 2, Optional.empty(), 0).lines()))
                .containsExactly("4", "5");
        assertThat(texts(reader.read(ID, "", 3, Optional.empty(), 0).lines()))
                .containsExactly("3", "4", "5");
        assertThat(texts(reader.read(ID, "", 99, Optional.empty(), 0).lines())).hasSize(5);
    }

    @Test
    void passesOverWhatIsOlder() throws Exception {
        write(1, 5);

        assertThat(texts(reader.read(ID, "", -1, Optional.of(1767323045000000004L), 0).lines()))
                .containsExactly("4", "5");
    }

    @Test
    void linesLongerThanABlockAreWhole() throws Exception {
        var text = "x".repeat(200_000);
        Files.writeString(log, "2026-01-02T03:04:05.000000006Z stdout F " + text + "\n");
        write(2, 2);

        assertThat(texts(reader.read(ID, "", -1, Optional.empty(), 0).lines()))
                .containsExactly(text, "2");
        assertThat(texts(reader.read(ID, "", 1, Optional.empty(), 0).lines())).containsExactly("2");
    }

    @Test
    void aForeignCursorIsRefused() {
        for (var cursor : List.of("x", "1:-1", ":", "1", "1:2:3")) {
            assertThatThrownBy(
                            () -> {
                                write(1, 1);
                                reader.read(ID, cursor, -1, Optional.empty(), 0);
                            })
                    .isInstanceOf(FaultException.class);
        }
    }

    @Test
    void isRemovedWithAllRotations() throws Exception {
        write(1, 1);
        rotate();
        write(2, 2);

        directory.remove(ID);
        directory.remove(ID);

        assertThat(root).isEmptyDirectory();
    }

    private void write(int from, int to) throws IOException {
        var lines = new StringBuilder();
        for (int i = from; i <= to; i++) {
            lines.append("2026-01-02T03:04:05.00000000" + i + "Z stdout F " + i + "\n");
        }
        Files.writeString(log, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private void rotate() throws IOException {
        Files.move(log, directory.rotated(ID, 1));
    }

    private static List<String> texts(List<LogLine> lines) {
        return lines.stream().map(LogLine::text).toList();
    }
}
