package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.container.ContainerSpec;

/** Variations of a container's spec. */
final class Specs {
    private Specs() {}

    /** The same on another network. */
    static ContainerSpec onNetwork(ContainerSpec spec, String network) {
        return network.equals(spec.network())
                ? spec
                : new ContainerSpec(
                        spec.image(),
                        spec.name(),
                        spec.entrypoint(),
                        spec.command(),
                        spec.env(),
                        spec.workdir(),
                        spec.user(),
                        spec.groupAdd(),
                        spec.hostname(),
                        spec.labels(),
                        spec.tty(),
                        spec.ttyRows(),
                        spec.ttyColumns(),
                        spec.openStdin(),
                        spec.waitAttach(),
                        spec.autoRemove(),
                        spec.mounts(),
                        spec.readOnly(),
                        network,
                        spec.networkAliases(),
                        spec.ports(),
                        spec.dns(),
                        spec.extraHosts(),
                        spec.resources(),
                        spec.capAdd(),
                        spec.capDrop(),
                        spec.noNewPrivileges(),
                        spec.seccomp(),
                        spec.seccompUnconfined(),
                        spec.ulimits(),
                        spec.sysctls(),
                        spec.devices(),
                        spec.oomScoreAdj(),
                        spec.shmSizeBytes(),
                        spec.init(),
                        spec.stopSignal(),
                        spec.logMaxBytes(),
                        spec.logMaxFiles(),
                        spec.withoutVolumes());
    }
}
