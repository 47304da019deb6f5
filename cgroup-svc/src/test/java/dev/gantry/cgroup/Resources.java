package dev.gantry.cgroup;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.LinuxResources.BlockIo;
import dev.gantry.bus.contract.oci.LinuxResources.Cpu;
import dev.gantry.bus.contract.oci.LinuxResources.DeviceRule;
import dev.gantry.bus.contract.oci.LinuxResources.Memory;
import dev.gantry.bus.contract.oci.LinuxResources.Pids;
import dev.gantry.bus.contract.oci.LinuxResources.Throttle;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Resources for tests, one part at a time. */
final class Resources {
    private Resources() {}

    static LinuxResources memory(long limit) {
        return memory(new Memory(Optional.of(limit), null, null, null, null));
    }

    static LinuxResources memoryAndSwap(long limit, long total) {
        return memory(new Memory(Optional.of(limit), null, Optional.of(total), null, null));
    }

    static LinuxResources memory(Memory memory) {
        return new LinuxResources(Optional.of(memory), null, null, null, null, null);
    }

    static LinuxResources cpu(Cpu cpu) {
        return new LinuxResources(null, Optional.of(cpu), null, null, null, null);
    }

    static LinuxResources shares(long shares) {
        return cpu(new Cpu(Optional.of(shares), null, null, null, null, null));
    }

    static LinuxResources quota(long quota, long period) {
        return cpu(new Cpu(null, Optional.of(quota), Optional.of(period), null, null, null));
    }

    static LinuxResources cpus(String cpus) {
        return cpu(new Cpu(null, null, null, Optional.of(cpus), null, null));
    }

    static LinuxResources pids(long limit) {
        return new LinuxResources(null, null, Optional.of(new Pids(limit)), null, null, null);
    }

    static LinuxResources weight(int weight) {
        return io(new BlockIo(Optional.of(weight), null, null, null, null, null));
    }

    static LinuxResources readRate(long major, long minor, long rate) {
        return io(
                new BlockIo(
                        null, List.of(new Throttle(major, minor, rate)), null, null, null, null));
    }

    static LinuxResources io(BlockIo io) {
        return new LinuxResources(null, null, null, Optional.of(io), null, null);
    }

    static LinuxResources devices(DeviceRule... rules) {
        return new LinuxResources(null, null, null, null, List.of(rules), null);
    }

    static LinuxResources unified(String file, String value) {
        return new LinuxResources(null, null, null, null, null, Map.of(file, value));
    }

    static DeviceRule allow(String type, long major, long minor, String access) {
        return new DeviceRule(true, type, Optional.of(major), Optional.of(minor), access);
    }

    static DeviceRule deny(String type, long major, long minor, String access) {
        return new DeviceRule(false, type, Optional.of(major), Optional.of(minor), access);
    }
}
