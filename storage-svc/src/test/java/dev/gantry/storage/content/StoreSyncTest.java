package dev.gantry.storage.content;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.storage.testing.UnprivilegedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;

/** What the kernel tells once of a disk that fails, all hear that had something on its way. */
class StoreSyncTest {
    @TempDir Path temp;
    private final UnprivilegedKernel kernel = new UnprivilegedKernel();
    private ContentStore content;
    private StoreSync sync;

    @BeforeEach
    void open() {
        var files = StoreFiles.open(temp.resolve("state"));
        content = new ContentStore(files);
        sync = new StoreSync(kernel, files, content);
    }

    @AfterEach
    void close() {
        sync.close();
    }

    @Test
    void aFailureCountsForAllThatWasOnItsWay() throws IOException {
        var one = content.leases().open();
        var other = content.leases().open();
        kernel.syncfsErrno.set(Errno.EIO);
        var first = assertThrows(FaultException.class, () -> sync.after(() -> "one"));
        assertEquals("syncfs " + temp.resolve("state") + ": EIO", first.getMessage());
        one.close();
        assertThrows(FaultException.class, () -> sync.after(() -> "other"));
        other.close();
        var later = content.leases().open();
        assertEquals("later", sync.after(() -> "later"));
        later.close();
    }

    @Test
    void aFailureWhileWorkGoesOnFailsThatWork() {
        var lease = content.leases().open();
        kernel.syncfsErrno.set(Errno.EIO);
        assertThrows(
                FaultException.class,
                () ->
                        sync.after(
                                () -> {
                                    while (kernel.syncfsErrno.get() != 0) {
                                        Thread.onSpinWait(); // Until the early sync was told.
                                    }
                                    return "work";
                                }));
        lease.close();
    }
}
