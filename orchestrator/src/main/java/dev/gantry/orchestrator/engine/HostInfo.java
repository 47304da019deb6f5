package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.container.ContainerResult.EngineInfo;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.ContainerState.Paused;
import dev.gantry.orchestrator.model.ContainerState.Running;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** {@code info}: the host, and which services answer. All are asked at the same time. */
final class HostInfo {
    private static final Duration BOUND = Duration.ofSeconds(2);

    private final Parts parts;

    HostInfo(Parts parts) {
        this.parts = parts;
    }

    EngineInfo info(Caller caller) {
        var services = parts.services();
        var bound = caller.extended(Executions.shorter(BOUND, caller.remaining()));
        var facts = new LinkedHashMap<String, String>();
        facts.put("version", version());
        facts.put("kernel", System.getProperty("os.version"));
        facts.put("architecture", System.getProperty("os.arch"));
        facts.put("java", Runtime.version().toString());
        counts(facts);
        var storage = services.storage(new StorageOperation.Probe(), bound);
        var cgroup = services.cgroup(new CgroupOperation.Probe(), bound);
        var seccomp = services.seccomp(new SeccompOperation.Profiles(), bound);
        var network = services.network(new NetworkOperation.Networks(), bound);
        var namespace = services.namespace(new NamespaceOperation.ListAll(), bound);
        var up = new LinkedHashMap<String, String>();
        up.put("orchestrator", "up");
        up.put("namespace-svc", answered(namespace));
        up.put("cgroup-svc", answered(cgroup));
        up.put("seccomp-svc", answered(seccomp));
        up.put("storage-svc", answered(storage));
        up.put("network-svc", answered(network));
        ifAnswered(
                cgroup,
                host -> {
                    facts.put("cgroups", host.mode().name().toLowerCase(java.util.Locale.ROOT));
                    facts.put("cgroupRoot", host.root());
                    facts.put("controllers", host.controllers().toString());
                });
        ifAnswered(
                storage,
                host -> {
                    facts.put("storageDriver", host.driver());
                    facts.put("storageReason", host.reason());
                    facts.put("storageRoot", host.root());
                    facts.put("storageFileSystem", host.fileSystem());
                });
        ifAnswered(
                seccomp,
                support -> {
                    facts.put("seccomp", support.filters() ? "yes" : "no");
                    facts.put("seccompActions", String.join(" ", support.actions()));
                });
        ifAnswered(
                network,
                networks -> facts.put("networks", Integer.toString(networks.networks().size())));
        return new EngineInfo(facts, up);
    }

    private void counts(Map<String, String> facts) {
        var all = parts.containers().all();
        facts.put("containers", Integer.toString(all.size()));
        facts.put(
                "running",
                Long.toString(
                        all.stream().filter(c -> c.record().state() instanceof Running).count()));
        facts.put(
                "paused",
                Long.toString(
                        all.stream().filter(c -> c.record().state() instanceof Paused).count()));
        facts.put("leftovers", Integer.toString(parts.leftovers().list().size()));
    }

    private static String version() {
        var version = HostInfo.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private static String answered(CompletableFuture<?> probe) {
        try {
            Services.await(probe);
            return "up";
        } catch (FaultException e) {
            return "down: " + e.fault().message();
        }
    }

    private static <T> void ifAnswered(
            CompletableFuture<T> probe, java.util.function.Consumer<T> then) {
        try {
            then.accept(Services.await(probe));
        } catch (FaultException saidAbove) {
            // Among the services, with its reason.
        }
    }
}
