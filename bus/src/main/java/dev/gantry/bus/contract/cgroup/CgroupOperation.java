package dev.gantry.bus.contract.cgroup;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultException;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * {@code cgroup.v1}: limits, numbers, freezing and killing of a container's processes. Every
 * operation is idempotent by container id.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "operation")
@JsonSubTypes({
    @JsonSubTypes.Type(value = CgroupOperation.Create.class, name = "create"),
    @JsonSubTypes.Type(value = CgroupOperation.Update.class, name = "update"),
    @JsonSubTypes.Type(value = CgroupOperation.Stats.class, name = "stats"),
    @JsonSubTypes.Type(value = CgroupOperation.Processes.class, name = "processes"),
    @JsonSubTypes.Type(value = CgroupOperation.Freeze.class, name = "freeze"),
    @JsonSubTypes.Type(value = CgroupOperation.Thaw.class, name = "thaw"),
    @JsonSubTypes.Type(value = CgroupOperation.Kill.class, name = "kill"),
    @JsonSubTypes.Type(value = CgroupOperation.Delete.class, name = "delete"),
    @JsonSubTypes.Type(value = CgroupOperation.Probe.class, name = "probe")
})
public sealed interface CgroupOperation<R> extends Operation<R> {
    /** The contract. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    Contract<CgroupOperation<?>> CONTRACT =
            new Contract<>("cgroup.v1", (Class) CgroupOperation.class);

    /** The container. */
    String id();

    @Override
    default String subject() {
        return id();
    }

    /**
     * Makes the container's cgroups and sets their limits; with {@code planOnly}, only says how.
     *
     * @param path where they are to be, below each mount, instead of where the service makes them:
     *     an absolute path like {@code linux.cgroupsPath}. The caller has made them there, in every
     *     hierarchy, and given them to the service; the top ones stay at {@code delete}
     */
    record Create(String id, LinuxResources resources, boolean planOnly, Optional<String> path)
            implements CgroupOperation<CgroupResult.Created> {
        private static final Pattern PATH =
                Pattern.compile("(/[a-zA-Z0-9_.:@\\-][^/\\p{Cntrl}]*)+");

        /** Checks id and path. */
        public Create {
            Names.check("container id", id);
            resources = resources == null ? LinuxResources.NONE : resources;
            path = Absent.orEmpty(path);
            path.ifPresent(Create::checkPath);
        }

        /** Where the service makes them. */
        public Create(String id, LinuxResources resources, boolean planOnly) {
            this(id, resources, planOnly, Optional.empty());
        }

        private static void checkPath(String path) {
            boolean up = ("/" + path + "/").contains("/../") || (path + "/").contains("/./");
            if (up || !PATH.matcher(path).matches() || path.length() > 1024) {
                throw FaultException.invalid(
                        "cgroup path %s is not absolute and plain", Names.quote(path));
            }
        }

        @Override
        public Class<CgroupResult.Created> resultType() {
            return CgroupResult.Created.class;
        }
    }

    /** Changes limits of a live container; what is absent stays. */
    record Update(String id, LinuxResources resources) implements CgroupOperation<Done> {
        /** Checks the id. */
        public Update {
            Names.check("container id", id);
            resources = resources == null ? LinuxResources.NONE : resources;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Reads the numbers of a container. */
    record Stats(String id) implements CgroupOperation<CgroupResult.Usage> {
        /** Checks the id. */
        public Stats {
            Names.check("container id", id);
        }

        @Override
        public Class<CgroupResult.Usage> resultType() {
            return CgroupResult.Usage.class;
        }
    }

    /** Lists the processes of a container, as pids of the host. */
    record Processes(String id) implements CgroupOperation<CgroupResult.ProcessList> {
        /** Checks the id. */
        public Processes {
            Names.check("container id", id);
        }

        @Override
        public Class<CgroupResult.ProcessList> resultType() {
            return CgroupResult.ProcessList.class;
        }
    }

    /**
     * Stops all processes of a container from running; returns when the kernel says they are
     * frozen.
     */
    record Freeze(String id) implements CgroupOperation<Done> {
        /** Checks the id. */
        public Freeze {
            Names.check("container id", id);
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Lets them run again. */
    record Thaw(String id) implements CgroupOperation<Done> {
        /** Checks the id. */
        public Thaw {
            Names.check("container id", id);
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Kills every process of a container (cgroup.kill where a cgroup2 hierarchy is there). */
    record Kill(String id) implements CgroupOperation<Done> {
        /** Checks the id. */
        public Kill {
            Names.check("container id", id);
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Removes the container's cgroups; waits until they are empty. Absent ones are no error. */
    record Delete(String id) implements CgroupOperation<Done> {
        /** Checks the id. */
        public Delete {
            Names.check("container id", id);
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** What this host's cgroups can do. */
    record Probe() implements CgroupOperation<CgroupResult.Host> {
        @Override
        public String id() {
            return "";
        }

        @Override
        public Class<CgroupResult.Host> resultType() {
            return CgroupResult.Host.class;
        }
    }
}
