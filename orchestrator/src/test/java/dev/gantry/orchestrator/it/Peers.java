package dev.gantry.orchestrator.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Podman and Skopeo on the network of an instance, with storage of their own. */
final class Peers implements AutoCloseable {
    private final GantryInstance gantry;
    private final Path work;

    Peers(GantryInstance gantry) {
        this.gantry = gantry;
        try {
            // Podman takes no longer path than 50 characters
            work = Files.createTempDirectory(Path.of("/var/tmp"), "gantry-peers-");
            Files.createFile(work.resolve("empty"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    String skopeo(String... arguments) {
        var words = new ArrayList<>(List.of("skopeo"));
        words.addAll(List.of(arguments));
        return gantry.host(words.toArray(String[]::new)).ok().out();
    }

    String podman(String... arguments) {
        // Podman takes a hybrid host for a cgroup2 one where that mount has a controller.
        var script =
                """
                controllers=/sys/fs/cgroup/unified/cgroup.controllers
                [ ! -e $controllers ] || mount --bind "$0/empty" $controllers
                exec podman --root "$0/root" --runroot "$0/runroot" --tmpdir "$0/tmp" \
                  --cgroup-manager=cgroupfs --events-backend=none "$@"
                """;
        var words =
                new ArrayList<>(
                        List.of("unshare", "--mount", "--propagation", "private", "sh", "-c"));
        words.add(script);
        words.add(work.toString());
        words.addAll(List.of(arguments));
        return gantry.host(words.toArray(String[]::new)).ok().out();
    }

    /** Runs an image by Podman, without a network. */
    String podmanRun(String image, String... command) {
        var words =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--rm",
                                "--network",
                                "none",
                                "--ulimit",
                                "nofile=1024:1024"));
        words.addAll(List.of("--ulimit", "nproc=4096:4096", image));
        words.addAll(List.of(command));
        return podman(words.toArray(String[]::new));
    }

    /** Takes away what they have, with Podman's own groups, which it leaves. */
    @Override
    public void close() {
        GantryInstance.command(
                        "sh",
                        "-c",
                        "for g in /sys/fs/cgroup/*/libpod_parent; do rmdir $g/conmon $g 2>"
                                + " /dev/null; done; umount -R "
                                + work
                                + "/root/overlay 2> /dev/null; rm -rf --one-file-system "
                                + work)
                .ok();
    }
}
