package dev.gantry.storage.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.testing.UnprivilegedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Garbage collection while things come in. */
class LeasesTest {
    @TempDir Path temp;
    private Trash trash;
    private StoreSync sync;
    private ContentStore content;
    private Images images;

    @BeforeEach
    void open() {
        var kernel = new UnprivilegedKernel();
        var files = StoreFiles.open(temp.resolve("state"));
        trash = new Trash(kernel, files.trash());
        content = new ContentStore(files);
        sync = new StoreSync(kernel, files, content);
        var layers = new Layers(kernel, files, content, trash, LayerLimits.DEFAULT, sync);
        images =
                Images.open(
                        files, content, layers, sync, StopMark.Last.CLEAN, (what, id, facts) -> {});
    }

    @AfterEach
    void close() {
        trash.close();
        sync.close();
    }

    private Descriptor put(String text) throws IOException {
        return content.put("text/plain", text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void whatComesInUnderALeaseOutlivesSweepsUntilItIsClosed() throws IOException {
        var lease = images.lease();
        var blob = put("mine");

        images.lease().close(); // Somebody else's, which sweeps at its end.
        var found = content.has(blob);
        lease.close();

        assertThat(found).isTrue();
        assertThat(content.path(blob.digest())).doesNotExist();
    }

    @Test
    void whatWasFoundThereStaysToo() throws IOException {
        var first = images.lease();
        var blob = put("shared");
        var second = images.lease();
        assertThat(content.has(blob)).isTrue();

        first.close();

        assertThat(content.path(blob.digest())).exists();
        second.close();
        assertThat(content.path(blob.digest())).doesNotExist();
    }

    @Test
    void nothingMayComeInWithoutALease() {
        assertThatThrownBy(() -> put("nobody's"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("without a lease");
        assertThat(temp.resolve("state/tmp")).isEmptyDirectory();
    }

    @Test
    void sweepsAndPutsOfTheSameContentNeverCollide() throws Exception {
        var end = new AtomicBoolean();
        try (var threads = Executors.newFixedThreadPool(3)) {
            var sweeper =
                    threads.submit(
                            () -> {
                                while (!end.get()) {
                                    images.lease().close();
                                }
                            });
            var writers = new ArrayList<Future<Boolean>>();
            for (int writer = 0; writer < 2; writer++) {
                writers.add(threads.submit(this::writeAndFind));
            }
            for (var writer : writers) {
                assertThat(writer.get()).isTrue();
            }
            end.set(true);
            sweeper.get();
        }
    }

    /** Both writers use the same few contents: one finds what the other one's lease has kept. */
    private boolean writeAndFind() throws IOException {
        for (int round = 0; round < 100; round++) {
            var lease = images.lease();
            var all = List.of(put("a" + round % 3), put("b" + round % 2));
            for (var blob : all) {
                if (!content.has(blob)) {
                    return false;
                }
            }
            lease.close();
        }
        return true;
    }
}
