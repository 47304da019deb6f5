package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.oci.OciConfig;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.cli.Sizes;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.nio.file.Files;
import java.util.concurrent.Callable;

/** {@code update}: other limits for a container that lives. */
@Command(name = "update", description = "Change a container's limits; what is not named stays.")
final class UpdateCommand implements Callable<Integer> {
    @ParentCommand OciCommand oci;

    @Parameters(index = "0", paramLabel = "ID", description = "of the container")
    String id;

    @Option(
            names = {"-r", "--resources"},
            paramLabel = "FILE",
            description = "a linux.resources object; - is standard input")
    String file;

    @Option(names = "--memory", paramLabel = "BYTES", description = "limit; -1: none")
    String memory;

    @Option(names = "--memory-reservation", paramLabel = "BYTES", description = "soft limit")
    String reservation;

    @Option(names = "--memory-swap", paramLabel = "BYTES", description = "memory and swap")
    String swap;

    @Option(names = "--cpu-period", paramLabel = "MICROSECONDS", description = "of the quota")
    Long period;

    @Option(names = "--cpu-quota", paramLabel = "MICROSECONDS", description = "in each period")
    Long quota;

    @Option(
            names = {"--cpu-share", "--cpu-shares"},
            paramLabel = "SHARES",
            description = "weight, 2 to 262144")
    Long shares;

    @Option(names = "--cpu-idle", paramLabel = "0|1", description = "run only when nobody else")
    Long idle;

    @Option(names = "--cpuset-cpus", paramLabel = "LIST", description = "for example 0-2,5")
    String cpus;

    @Option(names = "--cpuset-mems", paramLabel = "LIST", description = "memory nodes")
    String mems;

    @Option(names = "--pids-limit", paramLabel = "COUNT", description = "the most tasks")
    Long pids;

    @Option(names = "--blkio-weight", paramLabel = "WEIGHT", description = "10 to 1000")
    Integer blkio;

    @Override
    public Integer call() {
        var resources = file == null ? Json.mapper().createObjectNode() : read();
        put(resources, "memory", "limit", bytes("--memory", memory));
        put(resources, "memory", "reservation", bytes("--memory-reservation", reservation));
        put(resources, "memory", "swap", bytes("--memory-swap", swap));
        put(resources, "cpu", "period", period);
        put(resources, "cpu", "quota", quota);
        put(resources, "cpu", "shares", shares);
        put(resources, "cpu", "idle", idle);
        put(resources, "cpu", "cpus", cpus);
        put(resources, "cpu", "mems", mems);
        put(resources, "pids", "limit", pids);
        put(resources, "blockIO", "weight", blkio);
        var read =
                OciConfig.readResources(
                        resources.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
        oci.containers().update(id, read);
        return 0;
    }

    private static Long bytes(String option, String text) {
        return text == null ? null : text.equals("-1") ? -1L : (Long) Sizes.bytes(option, text);
    }

    private static void put(ObjectNode resources, String part, String field, Object value) {
        if (value != null) {
            resources.withObject(part).set(field, Json.mapper().valueToTree(value));
        }
    }

    private ObjectNode read() {
        try {
            var bytes =
                    file.equals("-")
                            ? Invocation.current().in().readAllBytes()
                            : Files.readAllBytes(Invocation.current().path(file));
            if (Json.mapper().readTree(bytes) instanceof ObjectNode object) {
                return object;
            }
            throw FaultException.invalid("--resources %s is not a JSON object", file);
        } catch (IOException e) {
            throw FaultException.invalid("--resources %s: %s", file, e.getMessage());
        }
    }
}
