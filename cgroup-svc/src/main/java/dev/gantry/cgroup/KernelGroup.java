package dev.gantry.cgroup;

import dev.gantry.cgroup.controller.BlockDevices;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.kernel.CgroupKernel;

import java.util.Optional;

/** A container's group in one hierarchy. */
record KernelGroup(CgroupKernel kernel, Hierarchy hierarchy, String path) implements Group {
    @Override
    public boolean offers(String file) {
        return hierarchy.offered().contains(file);
    }

    @Override
    public Optional<String> read(String file) {
        return content(path + "/" + file);
    }

    @Override
    public Optional<String> parent(String file) {
        return content(path.substring(0, path.lastIndexOf('/')) + "/" + file);
    }

    @Override
    public BlockDevices blockDevices() {
        return new BlockDevices(kernel);
    }

    private Optional<String> content(String file) {
        var content = kernel.read(file);
        return content.errno() == 0 ? Optional.of(content.text().strip()) : Optional.empty();
    }
}
