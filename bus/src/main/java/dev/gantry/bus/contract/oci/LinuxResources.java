package dev.gantry.bus.contract.oci;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code linux.resources} (config-linux.md, "Control groups"). Byte counts; −1 means no limit. */
public record LinuxResources(
        Optional<Memory> memory,
        Optional<Cpu> cpu,
        Optional<Pids> pids,
        Optional<BlockIo> blockIO,
        List<DeviceRule> devices,
        Map<String, String> unified) {
    /** No limit at all; all devices stay as the host has them. */
    public static final LinuxResources NONE =
            new LinuxResources(null, null, null, null, null, null);

    /** Absent parts are empty. */
    public LinuxResources {
        memory = Absent.orEmpty(memory);
        cpu = Absent.orEmpty(cpu);
        pids = Absent.orEmpty(pids);
        blockIO = Absent.orEmpty(blockIO);
        devices = Absent.orEmpty(devices);
        unified = Absent.orEmpty(unified);
    }

    /**
     * @param limit bytes
     * @param reservation bytes, a soft limit
     * @param swap bytes of memory <em>and</em> swap together, as in v1
     */
    public record Memory(
            Optional<Long> limit,
            Optional<Long> reservation,
            Optional<Long> swap,
            Optional<Long> swappiness,
            Optional<Boolean> disableOOMKiller) {
        /** Absent parts are empty. */
        public Memory {
            limit = Absent.orEmpty(limit);
            reservation = Absent.orEmpty(reservation);
            swap = Absent.orEmpty(swap);
            swappiness = Absent.orEmpty(swappiness);
            disableOOMKiller = Absent.orEmpty(disableOOMKiller);
        }
    }

    /**
     * @param shares relative weight, v1 scale 2..262144
     * @param quota microseconds per period
     * @param period microseconds
     * @param cpus list in cpuset(7) form, for example {@code 0-2,5}
     */
    public record Cpu(
            Optional<Long> shares,
            Optional<Long> quota,
            Optional<Long> period,
            Optional<String> cpus,
            Optional<String> mems,
            Optional<Long> idle) {
        /** Absent parts are empty. */
        public Cpu {
            shares = Absent.orEmpty(shares);
            quota = Absent.orEmpty(quota);
            period = Absent.orEmpty(period);
            cpus = Absent.orEmpty(cpus);
            mems = Absent.orEmpty(mems);
            idle = Absent.orEmpty(idle);
        }
    }

    /** The most tasks; 0 or below: no limit. */
    public record Pids(long limit) {}

    /**
     * @param weight 10..1000
     */
    public record BlockIo(
            Optional<Integer> weight,
            List<Throttle> throttleReadBpsDevice,
            List<Throttle> throttleWriteBpsDevice,
            List<Throttle> throttleReadIOPSDevice,
            List<Throttle> throttleWriteIOPSDevice,
            List<DeviceWeight> weightDevice) {
        /** Absent parts are empty. */
        public BlockIo {
            weight = Absent.orEmpty(weight);
            throttleReadBpsDevice = Absent.orEmpty(throttleReadBpsDevice);
            throttleWriteBpsDevice = Absent.orEmpty(throttleWriteBpsDevice);
            throttleReadIOPSDevice = Absent.orEmpty(throttleReadIOPSDevice);
            throttleWriteIOPSDevice = Absent.orEmpty(throttleWriteIOPSDevice);
            weightDevice = Absent.orEmpty(weightDevice);
        }
    }

    /**
     * The weight of one block device, instead of that of all.
     *
     * @param weight 10..1000
     * @param leafWeight refused: no scheduler of today has it
     */
    public record DeviceWeight(
            long major, long minor, Optional<Integer> weight, Optional<Integer> leafWeight) {
        /** Absent parts are empty. */
        public DeviceWeight {
            weight = Absent.orEmpty(weight);
            leafWeight = Absent.orEmpty(leafWeight);
            if (leafWeight.isPresent()) {
                throw FaultException.invalid(
                        "linux.resources.blockIO.weightDevice %d:%d: leafWeight %d: no scheduler"
                                + " has leaf weights",
                        major, minor, leafWeight.get());
            }
        }
    }

    /** A rate limit of one block device, in bytes or operations a second. */
    public record Throttle(long major, long minor, long rate) {}

    /**
     * An entry of the device list, applied in order.
     *
     * @param type a, b or c
     * @param major absent: all
     * @param access some of r, w, m
     */
    public record DeviceRule(
            boolean allow, String type, Optional<Long> major, Optional<Long> minor, String access) {
        /** Absent parts stand for all. */
        public DeviceRule {
            type = type == null ? "a" : type;
            major = Absent.orEmpty(major);
            minor = Absent.orEmpty(minor);
            access = access == null ? "rwm" : access;
        }
    }
}
