package dev.gantry.namespace;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Root file systems of a static busybox: one lower layer for all, an upper directory for each. */
final class BusyboxRoot {
    private final Path lower;
    private final Path home;

    BusyboxRoot(Path home) {
        this.home = home;
        this.lower = home.resolve("lower");
        try {
            for (String name : List.of("bin", "etc", "proc", "sys", "dev", "tmp", "root", "mnt")) {
                Files.createDirectories(lower.resolve(name));
            }
            Files.copy(Path.of("/bin/busybox"), lower.resolve("bin/busybox"));
            var install =
                    new ProcessBuilder(
                                    lower.resolve("bin/busybox").toString(),
                                    "--install",
                                    lower.resolve("bin").toString())
                            .inheritIO()
                            .start();
            if (!install.waitFor(20, TimeUnit.SECONDS) || install.exitValue() != 0) {
                throw new IllegalStateException("busybox --install failed");
            }
            Files.writeString(lower.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    Rootfs of(String id) {
        try {
            var upper = Files.createDirectories(home.resolve(id).resolve("upper"));
            var work = Files.createDirectories(home.resolve(id).resolve("work"));
            return new Rootfs(
                    List.of(lower.toString()), upper.toString(), work.toString(), List.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the changes of a container are. */
    Path upper(String id) {
        return home.resolve(id).resolve("upper");
    }
}
