package dev.gantry.bus.contract.container;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciProcess.Rlimit;
import dev.gantry.bus.contract.oci.OciSpec.Device;
import dev.gantry.bus.contract.storage.References;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a client asks for, in the terms of {@code docker run}; what is absent comes from the image
 * or is a default.
 *
 * @param entrypoint replaces the image's; an empty text in it clears it
 * @param command replaces the image's cmd
 * @param user {@code name|uid[:group|gid]}
 * @param mounts bind mounts (source absolute), tmpfs, and volumes (type {@code volume}, source its
 *     name; without one it is made for this container)
 * @param network a network's name, {@code none}, {@code host} or {@code container:ID}
 * @param seccomp a profile's JSON; absent: the default one, unless {@code seccompUnconfined}
 * @param capAdd names with or without CAP_, or ALL
 * @param withoutVolumes whether the places where the image wants volumes get none
 */
public record ContainerSpec(
        String image,
        Optional<String> name,
        Optional<List<String>> entrypoint,
        List<String> command,
        List<String> env,
        Optional<String> workdir,
        Optional<String> user,
        List<String> groupAdd,
        Optional<String> hostname,
        Map<String, String> labels,
        boolean tty,
        Optional<Integer> ttyRows,
        Optional<Integer> ttyColumns,
        boolean openStdin,
        boolean waitAttach,
        boolean autoRemove,
        List<OciMount> mounts,
        boolean readOnly,
        String network,
        List<String> networkAliases,
        List<PortMapping> ports,
        List<String> dns,
        List<String> extraHosts,
        LinuxResources resources,
        List<String> capAdd,
        List<String> capDrop,
        boolean noNewPrivileges,
        Optional<JsonNode> seccomp,
        boolean seccompUnconfined,
        List<Rlimit> ulimits,
        Map<String, String> sysctls,
        List<Device> devices,
        Optional<Integer> oomScoreAdj,
        Optional<Long> shmSizeBytes,
        boolean init,
        Optional<String> stopSignal,
        long logMaxBytes,
        int logMaxFiles,
        boolean withoutVolumes) {

    /** Checks the names; absent parts are empty. */
    public ContainerSpec {
        References.check(image);
        name = Absent.orEmpty(name);
        name.ifPresent(text -> Names.check("container name", text));
        entrypoint = Absent.orEmpty(entrypoint);
        command = Absent.orEmpty(command);
        env = Absent.orEmpty(env);
        workdir = Absent.orEmpty(workdir);
        user = Absent.orEmpty(user);
        groupAdd = Absent.orEmpty(groupAdd);
        hostname = Absent.orEmpty(hostname);
        labels = Absent.orEmpty(labels);
        ttyRows = Absent.orEmpty(ttyRows);
        ttyColumns = Absent.orEmpty(ttyColumns);
        mounts = Absent.orEmpty(mounts);
        network = network == null || network.isEmpty() ? "gantry0" : network;
        networkAliases = Absent.orEmpty(networkAliases);
        ports = Absent.orEmpty(ports);
        dns = Absent.orEmpty(dns);
        extraHosts = Absent.orEmpty(extraHosts);
        resources = resources == null ? LinuxResources.NONE : resources;
        capAdd = Absent.orEmpty(capAdd);
        capDrop = Absent.orEmpty(capDrop);
        seccomp = Absent.orEmpty(seccomp).filter(node -> !node.isNull());
        ulimits = Absent.orEmpty(ulimits);
        sysctls = Absent.orEmpty(sysctls);
        devices = Absent.orEmpty(devices);
        oomScoreAdj = Absent.orEmpty(oomScoreAdj);
        shmSizeBytes = Absent.orEmpty(shmSizeBytes);
        stopSignal = Absent.orEmpty(stopSignal);
    }
}
