package dev.gantry.cgroup;

import dev.gantry.bus.contract.cgroup.CgroupResult.DeviceWrite;
import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.controller.DevicePolicy;
import dev.gantry.cgroup.kernel.CgroupKernel;
import dev.gantry.cgroup.v1.Devices;

import java.util.ArrayList;
import java.util.List;

/** Turns resources into changes; everything that can be refused is refused here, before any. */
final class Planner {
    private final CgroupKernel kernel;
    private final Hierarchies hierarchies;

    Planner(CgroupKernel kernel, Hierarchies hierarchies) {
        this.kernel = kernel;
        this.hierarchies = hierarchies;
    }

    List<Change> create(String id, LinuxResources resources) {
        refuseFileNames(id);
        demandControllers(resources);
        var changes = new ArrayList<Change>();
        for (var tree : hierarchies.all()) {
            changes.add(new Change.Make(tree.path(id)));
            changes.addAll(writes(tree, id, resources));
        }
        var policy = DevicePolicy.of(resources.devices());
        if (!hierarchies.of("devices").isPresent()) {
            changes.add(new Change.AttachDevices(unified("devices").path(id), policy));
        }
        return changes;
    }

    List<Change> update(String id, LinuxResources resources) {
        demandControllers(resources);
        var changes = new ArrayList<Change>();
        for (var tree : hierarchies.all()) {
            changes.addAll(writes(tree, id, resources));
        }
        if (!resources.devices().isEmpty()) {
            var policy = DevicePolicy.of(resources.devices());
            if (hierarchies.of("devices").isPresent()) {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "devices.allow: v1 device lists are set when a container is created and"
                                + " cannot be changed after");
            }
            // Last, because it cannot be taken back.
            changes.add(new Change.AttachDevices(unified("devices").path(id), policy));
        }
        return changes;
    }

    Placement placement(String id, LinuxResources resources) {
        var v1 = hierarchies.all().stream().filter(tree -> !tree.v2()).toList();
        return new Placement(
                hierarchies.mode(),
                hierarchies.unified().map(tree -> tree.path(id)),
                v1.stream().map(tree -> tree.path(id)).toList(),
                deviceWrites(id, resources));
    }

    private List<DeviceWrite> deviceWrites(String id, LinuxResources resources) {
        return hierarchies
                .of("devices")
                .map(tree -> Devices.writes(tree.path(id), DevicePolicy.of(resources.devices())))
                .orElse(List.of());
    }

    private List<Change> writes(Hierarchy tree, String id, LinuxResources resources) {
        var path = tree.path(id);
        var group = new KernelGroup(kernel, tree, path);
        var writes = new ArrayList<Change>();
        for (var controller : tree.controllers()) {
            for (var setting : controller.settings(resources, group)) {
                writes.add(new Change.Write(path + "/" + setting.file(), setting.value()));
            }
        }
        return writes;
    }

    /** A group may not bear the name of a file of the group above: {@code cgroup.procs}. */
    private void refuseFileNames(String id) {
        for (var tree : hierarchies.all()) {
            if (tree.reserved().contains(id)) {
                throw FaultException.invalid(
                        "container id %s is the name of a cgroup file in %s", id, tree.root());
            }
        }
    }

    /** What is asked of a controller that is not there is refused, never dropped. */
    private void demandControllers(LinuxResources resources) {
        resources.memory().ifPresent(_ -> demand("memory", "memory"));
        resources.pids().ifPresent(_ -> demand("pids", "pids"));
        resources.blockIO().ifPresent(_ -> demand("blkio", "io"));
        resources
                .cpu()
                .ifPresent(
                        cpu -> {
                            if (cpu.cpus().isPresent() || cpu.mems().isPresent()) {
                                demand("cpuset", "cpuset");
                            }
                            if (cpu.shares().isPresent()
                                    || cpu.quota().isPresent()
                                    || cpu.period().isPresent()
                                    || cpu.idle().isPresent()) {
                                demand("cpu", "cpu");
                            }
                        });
        if (!resources.unified().isEmpty()) {
            unified("unified " + String.join(", ", resources.unified().keySet()));
        }
    }

    private void demand(String v1, String v2) {
        if (hierarchies.of(v1).isEmpty() && hierarchies.of(v2).isEmpty()) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "the %s controller: %s",
                    v1,
                    hierarchies.report().getOrDefault(v2, "not enabled on this host"));
        }
    }

    private Hierarchy unified(String what) {
        return hierarchies
                .unified()
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.UNSUPPORTED,
                                        "%s: this host has no cgroup2 mount",
                                        what));
    }
}
