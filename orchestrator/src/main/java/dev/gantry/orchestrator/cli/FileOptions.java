package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.oci.OciMount;

import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which files a container has beside its image's. */
final class FileOptions {
    @Option(
            names = {"-v", "--volume"},
            paramLabel = "[SOURCE:]DESTINATION[:OPTIONS]",
            description = "a bind mount or a volume; one without a name goes with the container")
    List<String> volumes = List.of();

    @Option(
            names = "--mount",
            paramLabel = "type=…,src=…,dst=…",
            description = "a mount, in long form: bind, volume, tmpfs or image")
    List<String> mounts = List.of();

    @Option(names = "--tmpfs", paramLabel = "DESTINATION[:OPTIONS]", description = "a tmpfs")
    List<String> tmpfs = List.of();

    @Option(names = "--read-only", description = "the root file system cannot be written to")
    boolean readOnly;

    @Option(
            names = "--shm-size",
            paramLabel = "SIZE",
            description = "size of /dev/shm, 64m unless told")
    String shmSize;

    List<OciMount> all() {
        var all = new ArrayList<OciMount>();
        volumes.forEach(text -> all.add(MountSyntax.volume(text)));
        mounts.forEach(text -> all.add(MountFields.parse(text)));
        tmpfs.forEach(text -> all.add(MountSyntax.tmpfs(text)));
        return all;
    }

    Optional<Long> shmBytes() {
        return Optional.ofNullable(shmSize).map(text -> Sizes.bytes("--shm-size", text));
    }
}
