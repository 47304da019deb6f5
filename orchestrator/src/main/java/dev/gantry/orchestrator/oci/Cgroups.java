package dev.gantry.orchestrator.oci;

import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.supervisor.HostSetup;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The cgroups that {@code linux.cgroupsPath} asks for. Their place is the caller's choice, so this
 * command, being root, makes them and gives them to cgroup-svc, which limits, counts and freezes.
 */
final class Cgroups {
    private static final int TRIES = 200;
    private static final long PAUSE_NANOS = 10_000_000;
    private static final List<String> CPUSET = List.of("cpuset.cpus", "cpuset.mems");

    private Cgroups() {}

    /** The path below each mount, as cgroup.v1 takes it; relative ones are below the mount too. */
    static String path(String cgroupsPath) {
        var path = Path.of("/", cgroupsPath).normalize().toString();
        if (path.equals("/")) {
            throw FaultException.invalid(
                    "linux.cgroupsPath %s is the root of the hierarchy", cgroupsPath);
        }
        return path;
    }

    /**
     * Makes the groups in every hierarchy. One that is frozen is refused, since nothing would run
     * in it; of one that has processes already the caller is warned.
     *
     * @return the directories that were not there before, outermost first in each hierarchy
     */
    static List<String> make(String path, Consumer<String> warn) {
        var made = new ArrayList<String>();
        try {
            look(path, warn);
            for (var mount : HostSetup.cgroupMounts()) {
                var group = mount;
                for (var part : Path.of(path)) {
                    passOn(group);
                    group = group.resolve(part);
                    if (!Files.isDirectory(group)) {
                        Files.createDirectory(group);
                        made.add(group.toString());
                    }
                    fillCpuset(group);
                }
                HostSetup.giveToCgroupService(group);
                shareWithRoot(group);
            }
            return made;
        } catch (IOException e) {
            remove(made);
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION, "linux.cgroupsPath %s: %s", path, e);
        } catch (FaultException e) {
            remove(made);
            throw e;
        }
    }

    /** Groups below it are for the container's root to make too, who may not have every right. */
    private static void shareWithRoot(Path group) throws IOException {
        Files.setAttribute(group, "unix:uid", 0, LinkOption.NOFOLLOW_LINKS);
        Files.setPosixFilePermissions(group, PosixFilePermissions.fromString("rwxrwxr-x"));
    }

    private static void look(String path, Consumer<String> warn) throws IOException {
        boolean warned = false;
        for (var mount : HostSetup.cgroupMounts()) {
            var group = mount.resolve(path.substring(1));
            if (frozen(group)) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION,
                        "linux.cgroupsPath %s: container's cgroup unexpectedly frozen: %s",
                        path,
                        group);
            }
            long count = text(group.resolve("cgroup.procs")).lines().count();
            if (count > 0 && !warned) {
                warn.accept(
                        "container's cgroup is not empty: %d process(es) found in %s"
                                .formatted(count, group));
                warned = true;
            }
        }
    }

    private static boolean frozen(Path group) throws IOException {
        return text(group.resolve("freezer.state")).startsWith("FR")
                || text(group.resolve("cgroup.freeze")).strip().equals("1");
    }

    private static String text(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file) : "";
    }

    /** cgroup2: groups below have the controllers that this one passes on. */
    private static void passOn(Path group) throws IOException {
        if (Files.exists(group.resolve("cgroup.subtree_control"))) {
            HostSetup.enableControllers(group);
        }
    }

    /** v1: a new cpuset is empty, and nothing can run in it. */
    private static void fillCpuset(Path group) throws IOException {
        for (var name : CPUSET) {
            var file = group.resolve(name);
            // in cgroup2 an empty one means all that the group above has
            boolean v1 = !Files.exists(group.resolve("cgroup.controllers"));
            if (v1 && Files.exists(file) && Files.readString(file).isBlank()) {
                Files.writeString(file, Files.readString(group.resolveSibling(name)).strip());
            }
        }
    }

    /**
     * Removes directories, innermost first; one that others use stays. A group is busy until its
     * last task has been reaped, so that is waited for.
     */
    static void remove(List<String> made) {
        for (var path : made.reversed()) {
            for (int i = 1; ; i++) {
                try {
                    Files.delete(Path.of(path));
                    break;
                } catch (NoSuchFileException e) {
                    break;
                } catch (DirectoryNotEmptyException e) {
                    break;
                } catch (IOException busy) {
                    if (hasGroups(Path.of(path))) {
                        break;
                    }
                    if (i == TRIES) {
                        throw FaultException.of(
                                FaultCode.FAILED_PRECONDITION,
                                "rmdir %s: %s",
                                path,
                                busy.getMessage());
                    }
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        }
    }

    private static boolean hasGroups(Path group) {
        try (Stream<Path> children = Files.list(group)) {
            return children.anyMatch(Files::isDirectory);
        } catch (IOException gone) {
            return false;
        }
    }

    /** The file that tells whether a container is frozen. */
    static Optional<String> freezer(Placement placement) {
        return Stream.concat(
                        placement.v1Paths().stream().map(path -> path + "/freezer.state"),
                        placement.unifiedPath().stream().map(path -> path + "/cgroup.freeze"))
                .filter(file -> Files.exists(Path.of(file)))
                .findFirst();
    }
}
