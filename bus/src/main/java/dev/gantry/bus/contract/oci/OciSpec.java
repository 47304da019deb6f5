package dev.gantry.bus.contract.oci;

import com.fasterxml.jackson.annotation.JsonInclude;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The part of the OCI runtime configuration (config.md, config-linux.md) that namespace-svc carries
 * out. Resources go to cgroup-svc, the seccomp profile to seccomp-svc, the root to storage-svc.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record OciSpec(
        OciProcess process,
        boolean rootReadonly,
        String hostname,
        String domainname,
        List<OciMount> mounts,
        List<Namespace> namespaces,
        List<IdMapping> uidMappings,
        List<IdMapping> gidMappings,
        List<Device> devices,
        Map<String, String> sysctl,
        List<String> maskedPaths,
        List<String> readonlyPaths,
        String rootfsPropagation,
        OciHooks hooks,
        Bundle bundle,
        Optional<Personality> personality,
        Map<String, TimeOffset> timeOffsets,
        Optional<Listener> listener,
        Optional<MemoryPolicy> memoryPolicy) {

    /** Absent parts are empty. */
    public OciSpec {
        Objects.requireNonNull(process, "process");
        hostname = Absent.orEmpty(hostname);
        domainname = Absent.orEmpty(domainname);
        mounts = Absent.orEmpty(mounts);
        namespaces = Absent.orEmpty(namespaces);
        uidMappings = Absent.orEmpty(uidMappings);
        gidMappings = Absent.orEmpty(gidMappings);
        devices = Absent.orEmpty(devices);
        sysctl = Absent.orEmpty(sysctl);
        maskedPaths = Absent.orEmpty(maskedPaths);
        readonlyPaths = Absent.orEmpty(readonlyPaths);
        rootfsPropagation = Absent.orEmpty(rootfsPropagation);
        hooks = hooks == null ? OciHooks.NONE : hooks;
        bundle = bundle == null ? Bundle.NONE : bundle;
        personality = Absent.orEmpty(personality);
        timeOffsets = Absent.orEmpty(timeOffsets);
        listener = Absent.orEmpty(listener);
        memoryPolicy = Absent.orEmpty(memoryPolicy);
    }

    /** A configuration that is from no bundle: without what only a {@code config.json} asks for. */
    public OciSpec(
            OciProcess process,
            boolean rootReadonly,
            String hostname,
            String domainname,
            List<OciMount> mounts,
            List<Namespace> namespaces,
            List<IdMapping> uidMappings,
            List<IdMapping> gidMappings,
            List<Device> devices,
            Map<String, String> sysctl,
            List<String> maskedPaths,
            List<String> readonlyPaths,
            String rootfsPropagation) {
        this(
                process,
                rootReadonly,
                hostname,
                domainname,
                mounts,
                namespaces,
                uidMappings,
                gidMappings,
                devices,
                sysctl,
                maskedPaths,
                readonlyPaths,
                rootfsPropagation,
                OciHooks.NONE,
                Bundle.NONE,
                null,
                Map.of(),
                null,
                null);
    }

    /**
     * Where a container comes from, as its state tells it (runtime.md, "State").
     *
     * @param path absolute; empty: it is from no bundle
     * @param containerId what its creator calls it; absent: what the services call it
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Bundle(
            String ociVersion,
            String path,
            Map<String, String> annotations,
            Optional<String> containerId) {
        /** No bundle. */
        public static final Bundle NONE = new Bundle("1.2.0", "", Map.of(), null);

        /** Absent parts are empty. */
        public Bundle {
            ociVersion = ociVersion == null ? "1.2.0" : ociVersion;
            path = Absent.orEmpty(path);
            annotations = Absent.orEmpty(annotations);
            containerId = Absent.orEmpty(containerId);
        }
    }

    /**
     * Who is asked about the calls that the filter does not decide: {@code linux.seccomp}'s {@code
     * listenerPath} and {@code listenerMetadata}.
     *
     * @param path of a unix stream socket on the host
     */
    public record Listener(String path, String metadata) {
        /** Checks the path; absent metadata are empty. */
        public Listener {
            metadata = Absent.orEmpty(metadata);
            // sockaddr_un has room for 108 bytes with the NUL
            if (path == null || !path.startsWith("/") || path.length() > 107) {
                throw FaultException.invalid(
                        "linux.seccomp.listenerPath %s is not an absolute path of at most 107"
                                + " bytes",
                        Names.quote(path));
            }
        }
    }

    /** How far a clock of the container is from the host's, time_namespaces(7). */
    public record TimeOffset(long secs, long nanosecs) {}

    /**
     * The execution domain, personality(2).
     *
     * @param domain {@code LINUX} or {@code LINUX32}
     * @param flags the specification knows none yet
     */
    public record Personality(String domain, List<String> flags) {
        /** Absent parts are empty. */
        public Personality {
            domain = Absent.orEmpty(domain);
            flags = Absent.orEmpty(flags);
        }
    }

    /**
     * From which NUMA nodes memory is taken, set_mempolicy(2).
     *
     * @param mode {@code MPOL_BIND} and so on
     * @param nodes a list such as {@code 0-1,3}, or empty
     * @param flags {@code MPOL_F_STATIC_NODES} and so on
     */
    public record MemoryPolicy(String mode, String nodes, List<String> flags) {
        /** Absent parts are empty. */
        public MemoryPolicy {
            mode = Absent.orEmpty(mode);
            nodes = Absent.orEmpty(nodes);
            flags = Absent.orEmpty(flags);
        }
    }

    /**
     * A namespace of the container: new, or the one at a path.
     *
     * @param type pid, network, mount, ipc, uts, user, cgroup or time
     */
    public record Namespace(String type, Optional<String> path) {
        /** Absent path: a new namespace. */
        public Namespace {
            path = Absent.orEmpty(path);
        }
    }

    /** A line of uid_map or gid_map, user_namespaces(7). */
    public record IdMapping(long containerID, long hostID, long size) {}

    /**
     * A device node to make in the container.
     *
     * @param type c, b, u or p
     * @param fileMode permission bits, as a number
     */
    public record Device(
            String type,
            String path,
            long major,
            long minor,
            Optional<Integer> fileMode,
            Optional<Long> uid,
            Optional<Long> gid) {
        /** Absent parts are empty. */
        public Device {
            fileMode = Absent.orEmpty(fileMode);
            uid = Absent.orEmpty(uid);
            gid = Absent.orEmpty(gid);
        }
    }
}
