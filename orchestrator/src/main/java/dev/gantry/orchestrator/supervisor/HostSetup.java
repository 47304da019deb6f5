package dev.gantry.orchestrator.supervisor;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Makes, at {@code up}, what the services need and may not make themselves: directories with their
 * owners (security.md rows 17 and 25) and the cgroup subtree, made over to cgroup-svc's user.
 */
public final class HostSetup {
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final List<String> V2_CONTROLLERS =
            List.of("cpuset", "cpu", "io", "memory", "pids");

    private final Layout layout;

    /** For the instance at {@code layout}. */
    public HostSetup(Layout layout) {
        this.layout = layout;
    }

    /** {@code --run DIR --state DIR}: what the unit gantry-setup.service runs. */
    public static void main(String[] arguments) {
        var options = new java.util.HashMap<String, Path>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i], Path.of(arguments[i + 1]));
        }
        new HostSetup(new Layout(options.get("--run"), options.get("--state"))).make();
    }

    /** Makes everything; what is there already keeps its content and gets its owner. */
    public void make() {
        try {
            directory(layout.run(), 0, 0, "rwx--x--x");
            directory(layout.state(), 0, 0, "rwx--x--x");
            directory(layout.run("supervisor"), 0, 0, "rwx--x--x");
            directory(
                    layout.busSocket().getParent(),
                    ServiceTable.BUS,
                    ServiceTable.BUS,
                    "rwx--x--x");
            directory(layout.launcherSocket().getParent(), 0, ServiceTable.NAMESPACE, "rwx--x---");
            directory(layout.run("cli"), 0, 0, "rwx------");
            directory(layout.containers(), 0, ServiceTable.NAMESPACE, "rwxr-x---");
            for (var service : ServiceTable.ALL) {
                if (service.uid() != 0) {
                    directory(
                            layout.run(service.name()),
                            service.uid(),
                            service.uid(),
                            mode(service));
                    directory(
                            layout.state(service.name()),
                            service.uid(),
                            service.uid(),
                            "rwx------");
                }
            }
            // The orchestrator makes and removes a directory a container in it; the shims, being
            // root's, write into those.
            directory(
                    layout.logs(),
                    ServiceTable.ORCHESTRATOR,
                    ServiceTable.ORCHESTRATOR,
                    "rwxr-x---");
            cgroups();
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION, "preparing %s: %s", layout.run(), e);
        }
    }

    /** Others must reach the bus's socket; everything else is its owner's alone. */
    private static String mode(ServiceTable.Service service) {
        return service.name().equals("bus") ? "rwx--x--x" : "rwx------";
    }

    private static void directory(Path path, int uid, int gid, String mode) throws IOException {
        Files.createDirectories(path);
        Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private void cgroups() throws IOException {
        for (var mount : cgroupMounts()) {
            var subtree = mount.resolve(layout.instance());
            enableControllers(mount);
            Files.createDirectories(subtree);
            giveToCgroupService(subtree);
        }
    }

    /** Makes a cgroup over to cgroup-svc's user. */
    public static void giveToCgroupService(Path group) throws IOException {
        try (Stream<Path> files = Files.list(group)) {
            for (var file : (Iterable<Path>) files::iterator) {
                own(file);
            }
        }
        own(group);
    }

    private static void own(Path path) throws IOException {
        Files.setAttribute(path, "unix:uid", ServiceTable.CGROUP, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", ServiceTable.CGROUP, LinkOption.NOFOLLOW_LINKS);
    }

    /** On cgroup2, controllers reach a subtree only if the root passes them on. */
    public static void enableControllers(Path mount) throws IOException {
        var file = mount.resolve("cgroup.subtree_control");
        if (!Files.exists(file)) {
            return;
        }
        var there =
                List.of(Files.readString(mount.resolve("cgroup.controllers")).strip().split(" "));
        var wanted = V2_CONTROLLERS.stream().filter(there::contains).toList();
        for (var controller : wanted) {
            try {
                Files.writeString(file, "+" + controller);
            } catch (IOException e) {
                // One that the host keeps to itself must not cost the others; cgroup-svc tells
                // which.
                System.err.println("enable " + controller + " in " + file + ": " + e.getMessage());
            }
        }
    }

    /** The cgroup mounts of this host, but the ones that only name things (systemd's own). */
    public static List<Path> cgroupMounts() throws IOException {
        var mounts = new ArrayList<Path>();
        for (var line : Files.readAllLines(MOUNTS)) {
            var halves = line.split(" - ", 2);
            var type = halves[1].split(" ")[0];
            if (type.equals("cgroup2") || type.equals("cgroup") && !halves[1].contains("name=")) {
                mounts.add(Path.of(halves[0].split(" ")[4]));
            }
        }
        return mounts;
    }

    /**
     * Removes what {@link #make} made beyond the durable files. While there are containers, all but
     * the supervisor's own files stay: by their sockets and records the next start finds them.
     */
    public List<String> unmake() {
        var left = new ArrayList<String>();
        try {
            if (hasContainers()) {
                removeTree(layout.run("supervisor"), left);
                return left;
            }
            for (var mount : cgroupMounts()) {
                try {
                    Files.deleteIfExists(mount.resolve(layout.instance()));
                } catch (IOException e) {
                    left.add(mount.resolve(layout.instance()) + " is in use");
                }
            }
            // The supervisor's own directory goes last: while its socket is there, it is not done.
            try (Stream<Path> list = Files.list(layout.run())) {
                for (var child : (Iterable<Path>) list::iterator) {
                    if (!child.equals(layout.run("supervisor"))) {
                        removeTree(child, left);
                    }
                }
            }
            removeTree(layout.run(), left);
        } catch (IOException e) {
            left.add(e.toString());
        }
        return left;
    }

    private boolean hasContainers() throws IOException {
        try (Stream<Path> containers = Files.list(layout.containers())) {
            return containers.findAny().isPresent();
        }
    }

    private static void removeTree(Path path, List<String> left) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            List<Path> children;
            try (Stream<Path> list = Files.list(path)) {
                children = list.toList();
            }
            for (var child : children) {
                removeTree(child, left);
            }
        }
        try {
            Files.deleteIfExists(path);
        } catch (DirectoryNotEmptyException | NoSuchFileException e) {
            // The child that stayed, or the process that was faster, has been or needs not be
            // named.
            return;
        } catch (IOException e) {
            left.add(path + " is in use");
        }
    }
}
