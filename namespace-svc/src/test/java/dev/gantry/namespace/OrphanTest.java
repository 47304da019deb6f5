package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.namespace.NamespaceResult.Exit;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A process without its shim runs on, and its end is noticed though not how it came. */
class OrphanTest {
    private static final Duration SOON = Duration.ofMillis(50);

    @TempDir Path directory;
    private final CompletableFuture<Exit> told = new CompletableFuture<>();
    private Process sleeper;
    private ShimProcess process;

    @BeforeEach
    void start() throws Exception {
        sleeper = new ProcessBuilder("sleep", "1000").start();
        process =
                new ShimProcess(
                        "box",
                        Optional.empty(),
                        directory,
                        new ShimProcess.Observer() {
                            @Override
                            public void created(ShimProcess process) {}

                            @Override
                            public void started(ShimProcess process) {}

                            @Override
                            public void exited(ShimProcess process, Exit exit) {
                                told.complete(exit);
                            }

                            @Override
                            public void vanished(ShimProcess process) {}
                        });
    }

    @AfterEach
    void end() throws Exception {
        sleeper.destroyForcibly().waitFor();
    }

    private void note(long startTime) throws Exception {
        Files.writeString(directory.resolve("pid"), sleeper.pid() + " " + startTime + "\n");
    }

    private long startTime() throws Exception {
        var stat = Files.readString(Path.of("/proc", "" + sleeper.pid(), "stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19]);
    }

    @Test
    void itRunsUntilItEndsAndHowIsUnknown() throws Exception {
        note(startTime());

        Orphan.of(process, SOON).orElseThrow().follow();

        assertThat(process.status()).isEqualTo(Status.RUNNING);
        sleeper.destroyForcibly();
        var exit = told.get(20, TimeUnit.SECONDS);
        assertThat(exit.code()).isEqualTo(-1);
        assertThat(exit.signal()).isZero();
        process.whenGone().get(20, TimeUnit.SECONDS);
        assertThat(process.status()).isEqualTo(Status.STOPPED);
        assertThat(process.reason()).hasValueSatisfying(r -> assertThat(r).contains("shim"));
    }

    @Test
    void anotherThatHasItsPidNowIsNotIt() throws Exception {
        note(startTime() + 1);

        assertThat(Orphan.of(process, SOON)).isEmpty();
    }

    @Test
    void withoutANoteThereIsNone() {
        assertThat(Orphan.of(process, SOON)).isEmpty();
    }
}
