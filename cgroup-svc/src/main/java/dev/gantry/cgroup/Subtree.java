package dev.gantry.cgroup;

import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.kernel.CgroupKernel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Gantry's subtree: a directory of the instance's name below each mount. {@code gantry up} makes it
 * as root and gives it to this service's user; the service finds it there, or makes it if it may.
 *
 * <p>On cgroup2 it is {@code MOUNT/NAME} if that is there. Under systemd (which owns the top, see
 * its CGROUP_DELEGATION page) it is {@code NAME} in this unit's own group, which the unit has
 * delegated; the service itself moves to a leaf beside it, because only leaves hold processes.
 */
public final class Subtree {
    private static final List<String> V2_CONTROLLERS =
            List.of("memory", "cpu", "cpuset", "pids", "io");
    private static final Map<String, Supplier<Controller>> V1 =
            Map.of(
                    "memory", dev.gantry.cgroup.v1.Memory::new,
                    "cpu", dev.gantry.cgroup.v1.Cpu::new,
                    "cpuacct", dev.gantry.cgroup.v1.Cpuacct::new,
                    "cpuset", dev.gantry.cgroup.v1.Cpuset::new,
                    "pids", dev.gantry.cgroup.v1.Pids::new,
                    "blkio", dev.gantry.cgroup.v1.Blkio::new,
                    "devices", dev.gantry.cgroup.v1.Devices::new,
                    "freezer", dev.gantry.cgroup.v1.Freezer::new);
    private static final Map<String, Supplier<Controller>> V2 =
            Map.of(
                    "memory", dev.gantry.cgroup.v2.Memory::new,
                    "cpu", dev.gantry.cgroup.v2.Cpu::new,
                    "cpuset", dev.gantry.cgroup.v2.Cpuset::new,
                    "pids", dev.gantry.cgroup.v2.Pids::new,
                    "io", dev.gantry.cgroup.v2.Io::new);

    private final CgroupKernel kernel;
    private final CgroupMounts mounts;
    private final String name;
    private final Places places;
    private final Map<String, String> report = new LinkedHashMap<>();
    private List<String> roots = List.of();

    /** Reads how the host mounts its cgroups; the name is the instance's. */
    public Subtree(CgroupKernel kernel, String name) {
        this(kernel, name, Places.forgotten());
    }

    /** The same, with containers that lie elsewhere. */
    public Subtree(CgroupKernel kernel, String name, Places places) {
        this.kernel = kernel;
        this.name = name;
        this.places = places;
        this.mounts = CgroupMounts.parse(text("/proc/self/mountinfo"), text("/proc/self/cgroup"));
    }

    /** Finds or makes the subtree and says what it can do. */
    public Hierarchies establish() {
        var all = new ArrayList<Hierarchy>();
        mounts.v1().forEach((mount, controllers) -> all.add(v1(mount, controllers)));
        mounts.unified().ifPresent(mount -> all.add(v2(mount, unifiedRoot(mount))));
        for (var controller : List.of("memory", "cpu", "cpuset", "pids")) {
            report.putIfAbsent(controller, "not enabled on this host");
        }
        roots = all.stream().map(Hierarchy::root).toList();
        return new Hierarchies(mounts.mode(), List.copyOf(all), Map.copyOf(report), places);
    }

    /** Removes the subtree where no container is left in it; where one is, it stays (EBUSY). */
    public void removeIfEmpty() {
        roots.forEach(kernel::rmdir);
    }

    private Hierarchy v1(String mount, List<String> controllers) {
        var root = mount + "/" + name;
        make(root);
        initialiseCpuset(root);
        controllers.forEach(controller -> report.put(controller, "v1"));
        var files = Set.copyOf(kernel.files(root).names());
        return new Hierarchy(
                mount,
                root,
                false,
                controllers.stream().map(controller -> V1.get(controller).get()).toList(),
                files,
                files,
                places);
    }

    private Hierarchy v2(String mount, String root) {
        make(root);
        enable(root);
        var enabled = words(root + "/cgroup.subtree_control");
        var controllers = new ArrayList<Controller>();
        for (var controller : V2_CONTROLLERS) {
            if (enabled.contains(controller) && !report.containsKey(controller)) {
                report.put(controller, "v2");
                controllers.add(V2.get(controller).get());
            }
        }
        controllers.add(new dev.gantry.cgroup.v2.Unified());
        var offered = new HashSet<String>();
        var files = Set.copyOf(kernel.files(root).names());
        for (var file : files) {
            var prefix = file.substring(0, Math.max(0, file.indexOf('.')));
            if (enabled.contains(prefix) || prefix.equals("cgroup") || file.endsWith(".pressure")) {
                offered.add(file);
            }
        }
        report.putIfAbsent("devices", "v2");
        if (offered.contains("cgroup.freeze")) {
            report.putIfAbsent("freezer", "v2");
        }
        report.put(
                "kill",
                offered.contains("cgroup.kill") ? "v2" : "this kernel has no cgroup.kill (5.14)");
        return new Hierarchy(
                mount, root, true, List.copyOf(controllers), Set.copyOf(offered), files, places);
    }

    private String unifiedRoot(String mount) {
        var top = mount + "/" + name;
        boolean systemd = kernel.exists("/run/systemd/system");
        if (kernel.exists(top) || mounts.mode() != Mode.V2 || !systemd) {
            if (kernel.writable(mount)) {
                enable(mount);
            }
            return top;
        }
        var unit = mount + (mounts.self().equals("/") ? "" : mounts.self());
        var leaf = "/service";
        if (unit.endsWith(leaf)) { // restarted within its leaf
            return unit.substring(0, unit.length() - leaf.length()) + "/" + name;
        }
        make(unit + leaf);
        for (var pid : text(unit + "/cgroup.procs").split("\n")) {
            if (!pid.isBlank()) {
                kernel.write(unit + leaf + "/cgroup.procs", pid)
                        .orThrow("write %s to %s/cgroup.procs", pid, unit + leaf);
            }
        }
        enable(unit);
        return unit + "/" + name;
    }

    /** Lets groups below a directory have the controllers; each on its own, so one can fail. */
    private void enable(String directory) {
        var available = words(directory + "/cgroup.controllers");
        var control = directory + "/cgroup.subtree_control";
        var enabled = words(control);
        for (var controller : V2_CONTROLLERS) {
            if (available.contains(controller) && !enabled.contains(controller)) {
                var answer = kernel.write(control, "+" + controller);
                if (answer.failed()) {
                    report.put(
                            controller,
                            "write +" + controller + " to " + control + ": " + answer.answer());
                }
            }
        }
    }

    private void make(String path) {
        var made = kernel.mkdir(path);
        if (made.errno() == Errno.EEXIST) {
            return;
        }
        if (made.errno() == Errno.EACCES || made.errno() == Errno.EPERM) {
            throw FaultException.kernel(
                    FaultCode.PERMISSION_DENIED,
                    made.answer(),
                    "mkdir %s (root makes it and hands it over: gantry up)",
                    path);
        }
        made.orThrow("mkdir %s", path);
    }

    /** A new v1 cpuset is empty, and so would be all below it. */
    private void initialiseCpuset(String root) {
        if (root.startsWith(mounts.unified().orElse("\0") + "/")) {
            return;
        }
        var parent = root.substring(0, root.lastIndexOf('/'));
        for (var file : List.of("/cpuset.cpus", "/cpuset.mems")) {
            if (kernel.exists(root + file) && text(root + file).isBlank()) {
                kernel.write(root + file, text(parent + file).strip())
                        .orThrow("write to %s%s", root, file);
            }
        }
    }

    private Set<String> words(String path) {
        return Set.copyOf(List.of(kernel.read(path).text().strip().split("\\s+")));
    }

    private String text(String path) {
        var content = kernel.read(path);
        if (content.errno() != 0) {
            throw FaultException.kernel(
                    FaultCode.UNSUPPORTED, Errno.name(content.errno()), "read %s", path);
        }
        return content.text();
    }
}
