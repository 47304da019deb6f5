package dev.gantry.bus.contract.cgroup;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.PlanStep;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The answers of {@code cgroup.v1}. */
public sealed interface CgroupResult {

    /** How the host mounts its cgroups, cgroups(7). */
    enum Mode {
        V1,
        HYBRID,
        V2
    }

    /** Where the container's init is to be placed, and the steps that did or will do it. */
    record Created(Placement placement, List<PlanStep> steps) implements CgroupResult {
        /** Absent steps are none. */
        public Created {
            steps = Absent.orEmpty(steps);
        }
    }

    /**
     * Where the launcher puts a container's init.
     *
     * @param unifiedPath the cgroup2 directory to clone into, if there is such a hierarchy
     * @param v1Paths the v1 directories whose {@code cgroup.procs} the init writes itself to
     * @param deviceWrites v1 device lists need CAP_SYS_ADMIN, so the launcher writes them
     */
    record Placement(
            Mode mode,
            Optional<String> unifiedPath,
            List<String> v1Paths,
            List<DeviceWrite> deviceWrites)
            implements CgroupResult {
        /** Absent parts are empty. */
        public Placement {
            unifiedPath = Absent.orEmpty(unifiedPath);
            v1Paths = Absent.orEmpty(v1Paths);
            deviceWrites = Absent.orEmpty(deviceWrites);
        }
    }

    /** A line for {@code devices.deny} or {@code devices.allow}. */
    record DeviceWrite(String path, String value) {}

    /**
     * What a container uses. Bytes, nanoseconds, tasks; absent where the host has no such
     * controller.
     *
     * @param timeNanos when it was read, since the Unix epoch
     * @param oomKills how many of its processes the kernel killed for memory
     * @param pressure how long its tasks waited for a resource; none where the kernel does not say
     */
    record Usage(
            String id,
            long timeNanos,
            Optional<Long> memoryBytes,
            Optional<Long> memoryLimitBytes,
            Optional<Long> memoryPeakBytes,
            Optional<Long> cpuNanos,
            Optional<Long> cpuUserNanos,
            Optional<Long> cpuSystemNanos,
            Optional<Long> throttledNanos,
            Optional<Long> pids,
            Optional<Long> pidsLimit,
            Optional<Long> ioReadBytes,
            Optional<Long> ioWriteBytes,
            Optional<Long> oomKills,
            List<Pressure> pressure)
            implements CgroupResult {
        /** Absent parts are empty. */
        public Usage {
            memoryBytes = Absent.orEmpty(memoryBytes);
            memoryLimitBytes = Absent.orEmpty(memoryLimitBytes);
            memoryPeakBytes = Absent.orEmpty(memoryPeakBytes);
            cpuNanos = Absent.orEmpty(cpuNanos);
            cpuUserNanos = Absent.orEmpty(cpuUserNanos);
            cpuSystemNanos = Absent.orEmpty(cpuSystemNanos);
            throttledNanos = Absent.orEmpty(throttledNanos);
            pids = Absent.orEmpty(pids);
            pidsLimit = Absent.orEmpty(pidsLimit);
            ioReadBytes = Absent.orEmpty(ioReadBytes);
            ioWriteBytes = Absent.orEmpty(ioWriteBytes);
            oomKills = Absent.orEmpty(oomKills);
            pressure = Absent.orEmpty(pressure);
        }

        /**
         * Pressure stall information (Documentation/accounting/psi.rst).
         *
         * @param resource {@code cpu}, {@code memory} or {@code io}
         * @param someAvg10 per cent of the last ten seconds in which some task waited
         * @param someNanos how long some task waited in all
         * @param fullAvg10 per cent in which all tasks waited at once
         */
        public record Pressure(
                String resource,
                double someAvg10,
                long someNanos,
                Optional<Double> fullAvg10,
                Optional<Long> fullNanos) {
            /** Absent parts are empty. */
            public Pressure {
                fullAvg10 = Absent.orEmpty(fullAvg10);
                fullNanos = Absent.orEmpty(fullNanos);
            }
        }
    }

    /** Pids of the host. */
    record ProcessList(String id, List<Long> pids) implements CgroupResult {
        /** Absent pids are none. */
        public ProcessList {
            pids = Absent.orEmpty(pids);
        }
    }

    /**
     * What the host can do.
     *
     * @param controllers controller name to {@code v1}, {@code v2} or the reason why it cannot be
     *     used
     */
    record Host(Mode mode, String root, Map<String, String> controllers) implements CgroupResult {
        /** Absent controllers are none. */
        public Host {
            controllers = Absent.orEmpty(controllers);
        }
    }
}
