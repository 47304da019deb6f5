package dev.gantry.orchestrator.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.logs.LogDirectory;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.model.ContainerState.Created;
import dev.gantry.orchestrator.model.ContainerState.Creating;
import dev.gantry.orchestrator.model.ContainerState.Live;
import dev.gantry.orchestrator.model.ContainerState.Paused;
import dev.gantry.orchestrator.model.ContainerState.Removing;
import dev.gantry.orchestrator.model.ContainerState.Running;
import dev.gantry.orchestrator.model.ContainerState.Stopped;
import dev.gantry.orchestrator.model.Ending;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** {@code inspect}: all that is known of a container. docs/inspect.md lists the properties. */
final class Inspection {
    private static final String NEVER = "0001-01-01T00:00:00Z";

    private final LogDirectory logs;

    Inspection(LogDirectory logs) {
        this.logs = logs;
    }

    ObjectNode document(ContainerRecord record) {
        var node = Json.mapper().createObjectNode();
        var args = Views.command(record);
        node.put("Id", record.id());
        node.put("Name", record.name());
        node.put("Created", time(record.createdNanos()));
        node.put("Path", args.isEmpty() ? "" : args.getFirst());
        node.set("Args", tree(args.isEmpty() ? args : args.subList(1, args.size())));
        node.set("State", state(record));
        node.put("Image", record.image().map(Image::id).orElse(""));
        node.put("LogPath", logs.current(record.id()).toString());
        node.set("Config", config(record));
        node.set("HostConfig", hostConfig(record));
        node.set("Mounts", tree(record.oci().map(OciSpec::mounts).orElse(List.of())));
        node.set("NetworkSettings", network(record));
        node.set("Volumes", tree(record.anonymousVolumes()));
        record.oci().ifPresent(oci -> node.set("OciConfig", tree(oci)));
        return node;
    }

    private static ObjectNode state(ContainerRecord record) {
        var state = record.state();
        var node = Json.mapper().createObjectNode();
        node.put("Status", state.word());
        node.put("Running", state instanceof Running || state instanceof Paused);
        node.put("Paused", state instanceof Paused);
        node.put("Pid", state instanceof Live live ? live.pid() : 0);
        var ending = ending(record);
        node.put("OOMKilled", ending.map(Ending::oomKilled).orElse(false));
        node.put("ExitCode", ending.map(Ending::code).orElse(0));
        node.put("Signal", ending.map(Ending::signal).orElse(0));
        node.put("Reason", ending.map(Ending::reason).orElse(""));
        node.put("StartedAt", started(record) == 0 ? NEVER : time(started(record)));
        node.put("FinishedAt", ending.map(e -> time(e.timeNanos())).orElse(NEVER));
        return node;
    }

    private static Optional<Ending> ending(ContainerRecord record) {
        return switch (record.state()) {
            case Stopped stopped -> Optional.of(stopped.ending());
            case Removing removing -> removing.ending();
            case Creating creating -> creating.before().map(Stopped::ending);
            case Created c -> Optional.empty();
            case Running r -> Optional.empty();
            case Paused p -> Optional.empty();
        };
    }

    private static long started(ContainerRecord record) {
        return switch (record.state()) {
            case Running running -> running.startedNanos();
            case Paused paused -> paused.running().startedNanos();
            case Stopped stopped -> stopped.startedNanos();
            case Creating creating -> creating.before().map(Stopped::startedNanos).orElse(0L);
            case Created c -> 0;
            case Removing r -> 0;
        };
    }

    private static ObjectNode config(ContainerRecord record) {
        var spec = record.spec();
        var process = record.oci().map(OciSpec::process);
        var node = Json.mapper().createObjectNode();
        node.put("Image", spec.image());
        node.put("Hostname", record.oci().map(OciSpec::hostname).orElse(""));
        node.put("User", spec.user().orElse(record.image().map(i -> i.config().user()).orElse("")));
        node.set("Env", tree(process.map(p -> p.env()).orElse(spec.env())));
        node.set("Cmd", tree(spec.command()));
        node.set("Entrypoint", tree(spec.entrypoint().orElse(List.of())));
        node.put("WorkingDir", process.map(p -> p.cwd()).orElse(""));
        node.put("Tty", spec.tty());
        node.put("OpenStdin", spec.openStdin());
        node.put("StopSignal", spec.stopSignal().orElse("SIGTERM"));
        node.set("Labels", tree(spec.labels()));
        return node;
    }

    private static ObjectNode hostConfig(ContainerRecord record) {
        var spec = record.spec();
        var node = Json.mapper().createObjectNode();
        node.put("NetworkMode", spec.network());
        node.put("AutoRemove", spec.autoRemove());
        node.put("ReadonlyRootfs", spec.readOnly());
        node.put("Init", spec.init());
        node.put("NoNewPrivileges", spec.noNewPrivileges());
        node.put(
                "Seccomp",
                spec.seccompUnconfined()
                        ? "unconfined"
                        : spec.seccomp().isPresent() ? "profile" : "default");
        node.set("CapAdd", tree(spec.capAdd()));
        node.set("CapDrop", tree(spec.capDrop()));
        node.set("Resources", tree(record.resources()));
        node.set("Ulimits", tree(spec.ulimits()));
        node.set("Sysctls", tree(spec.sysctls()));
        node.set("Devices", tree(spec.devices()));
        node.set("Dns", tree(spec.dns()));
        node.set("ExtraHosts", tree(spec.extraHosts()));
        node.set("PortBindings", tree(spec.ports()));
        return node;
    }

    private static ObjectNode network(ContainerRecord record) {
        var node = Json.mapper().createObjectNode();
        var attached = record.network();
        var first = attached.flatMap(a -> a.interfaces().stream().findFirst());
        node.put("Network", attached.map(Attached::network).orElse(record.spec().network()));
        node.put("SandboxKey", attached.flatMap(Attached::netns).orElse(""));
        node.put("IPAddress", first.map(i -> i.address().replaceFirst("/.*", "")).orElse(""));
        node.put("Gateway", first.map(i -> Optional.ofNullable(i.gateway()).orElse("")).orElse(""));
        node.put("MacAddress", first.map(i -> Optional.ofNullable(i.mac()).orElse("")).orElse(""));
        node.set("Interfaces", tree(attached.map(Attached::interfaces).orElse(List.of())));
        var ports = node.putObject("Ports");
        for (PortMapping port : attached.map(Attached::ports).orElse(List.of())) {
            ports.withArray("/" + port.containerPort() + "~1" + port.protocol())
                    .addObject()
                    .put("HostIp", port.hostIp())
                    .put("HostPort", Integer.toString(port.hostPort()));
        }
        return node;
    }

    private static com.fasterxml.jackson.databind.JsonNode tree(Object value) {
        return Json.mapper().valueToTree(value);
    }

    private static String time(long nanos) {
        return Instant.ofEpochSecond(
                        Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L))
                .toString();
    }
}
