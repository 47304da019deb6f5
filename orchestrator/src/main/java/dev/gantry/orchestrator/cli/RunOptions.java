package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The flags of {@code run} and {@code create}, and the container that they ask for. */
final class RunOptions {
    @Option(
            names = {"-i", "--interactive"},
            description = "keep standard input open")
    boolean interactive;

    @Option(
            names = {"-t", "--tty"},
            description = "give the container a terminal")
    boolean tty;

    @Option(names = "--name", paramLabel = "NAME", description = "a name for the container")
    String name;

    @Option(
            names = {"-h", "--hostname"},
            paramLabel = "NAME",
            description = "its host name")
    String hostname;

    @Option(
            names = {"-e", "--env"},
            paramLabel = "KEY[=VALUE]",
            description = "an environment variable; without a value, the caller's")
    List<String> env = List.of();

    @Option(
            names = "--env-file",
            paramLabel = "FILE",
            description = "environment variables, one a line")
    List<Path> envFiles = List.of();

    @Option(
            names = {"-w", "--workdir"},
            paramLabel = "DIR",
            description = "working directory in the container")
    String workdir;

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER[:GROUP]",
            description = "name or number")
    String user;

    @Option(names = "--group-add", paramLabel = "GROUP", description = "a supplementary group")
    List<String> groupAdd = List.of();

    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY=VALUE",
            description = "a label")
    List<String> labels = List.of();

    @Option(
            names = "--entrypoint",
            paramLabel = "COMMAND",
            description = "replaces the image's entrypoint")
    String entrypoint;

    @Option(names = "--rm", description = "remove the container when it has stopped")
    boolean remove;

    @Option(
            names = "--init",
            description = "run a small init as PID 1 that reaps and forwards signals")
    boolean init;

    @Option(names = "--stop-signal", paramLabel = "SIGNAL", description = "what stop sends first")
    String stopSignal;

    @Option(
            names = {"-v", "--volume"},
            paramLabel = "SOURCE:DESTINATION[:OPTIONS]",
            description = "a bind mount or a named volume")
    List<String> volumes = List.of();

    @Option(
            names = "--mount",
            paramLabel = "type=…,src=…,dst=…",
            description = "a mount, in long form")
    List<String> mounts = List.of();

    @Option(names = "--tmpfs", paramLabel = "DESTINATION[:OPTIONS]", description = "a tmpfs")
    List<String> tmpfs = List.of();

    @Option(names = "--read-only", description = "the root file system cannot be written to")
    boolean readOnly;

    @Option(
            names = "--shm-size",
            paramLabel = "SIZE",
            description = "size of /dev/shm, 64m unless told")
    String shmSize;

    @Option(
            names = {"--network", "--net"},
            paramLabel = "NETWORK",
            description = "a network, none, host or container:ID; gantry0 unless told")
    String network;

    @Option(
            names = "--network-alias",
            paramLabel = "NAME",
            description = "a further name on its network")
    List<String> aliases = List.of();

    @Option(
            names = {"-p", "--publish"},
            paramLabel = "[[IP:]PORT:]PORT[/udp]",
            description = "a port of the host for a port of the container")
    List<String> ports = List.of();

    @Option(names = "--dns", paramLabel = "ADDRESS", description = "a name server")
    List<String> dns = List.of();

    @Option(
            names = "--add-host",
            paramLabel = "NAME:ADDRESS",
            description = "a line for /etc/hosts")
    List<String> extraHosts = List.of();

    @Mixin ResourceOptions resources = new ResourceOptions();

    @Option(names = "--cap-add", paramLabel = "CAP", description = "a capability more, or ALL")
    List<String> capAdd = List.of();

    @Option(names = "--cap-drop", paramLabel = "CAP", description = "a capability less, or ALL")
    List<String> capDrop = List.of();

    @Option(
            names = "--security-opt",
            paramLabel = "OPTION",
            description = "seccomp=FILE, seccomp=unconfined, no-new-privileges")
    List<String> securityOptions = List.of();

    @Option(names = "--ulimit", paramLabel = "NAME=SOFT[:HARD]", description = "a resource limit")
    List<String> ulimits = List.of();

    @Option(
            names = "--sysctl",
            paramLabel = "KEY=VALUE",
            description = "a namespaced kernel parameter")
    List<String> sysctls = List.of();

    @Option(
            names = "--device",
            paramLabel = "HOST[:CONTAINER[:rwm]]",
            description = "a device of the host")
    List<String> devices = List.of();

    @Option(names = "--oom-score-adj", paramLabel = "N", description = "-1000 to 1000")
    Integer oomScoreAdj;

    @Option(
            names = "--log-opt",
            paramLabel = "KEY=VALUE",
            description = "max-size=SIZE, max-file=N")
    List<String> logOptions = List.of();

    @Option(names = "--plan", description = "print the plan and do nothing")
    boolean plan;

    @Parameters(index = "0", paramLabel = "IMAGE", description = "an image")
    String image;

    @Parameters(
            index = "1..*",
            paramLabel = "COMMAND",
            description = "the command and its arguments")
    List<String> command = List.of();

    ContainerSpec spec(boolean detached) {
        var size = tty ? Terminal.size(0) : Optional.<Terminal.Size>empty();
        var log = logOptions();
        var deviceList = devices.stream().map(DeviceSyntax::parse).toList();
        return new ContainerSpec(
                image,
                Optional.ofNullable(name),
                Optional.ofNullable(entrypoint).map(List::of),
                command,
                environment(env, envFiles),
                Optional.ofNullable(workdir),
                Optional.ofNullable(user),
                groupAdd,
                Optional.ofNullable(hostname),
                pairs("--label", labels, true),
                tty,
                size.map(Terminal.Size::rows),
                size.map(Terminal.Size::columns),
                interactive,
                !detached,
                remove,
                allMounts(),
                readOnly,
                network,
                aliases,
                ports.stream().flatMap(text -> PortSyntax.parse(text).stream()).toList(),
                dns,
                extraHosts,
                resources.resources(deviceList.stream().map(DeviceSyntax.Grant::rule).toList()),
                capAdd,
                capDrop,
                securityOptions.stream().anyMatch(RunOptions::isNoNewPrivileges),
                seccompProfile(),
                securityOptions.contains("seccomp=unconfined"),
                ulimits.stream().map(Ulimits::parse).toList(),
                pairs("--sysctl", sysctls, false),
                deviceList.stream().map(DeviceSyntax.Grant::device).toList(),
                Optional.ofNullable(oomScoreAdj),
                Optional.ofNullable(shmSize).map(text -> Sizes.bytes("--shm-size", text)),
                init,
                Optional.ofNullable(stopSignal),
                log.containsKey("max-size")
                        ? Sizes.bytes("--log-opt max-size", log.get("max-size"))
                        : 0,
                log.containsKey("max-file")
                        ? ResourceOptions.number("--log-opt max-file", log.get("max-file"))
                        : 0);
    }

    private Map<String, String> logOptions() {
        var options = pairs("--log-opt", logOptions, false);
        for (var key : options.keySet()) {
            if (!key.equals("max-size") && !key.equals("max-file")) {
                throw FaultException.invalid(
                        "--log-opt %s: only max-size and max-file are known", Names.quote(key));
            }
        }
        return options;
    }

    private List<OciMount> allMounts() {
        var all = new ArrayList<OciMount>();
        volumes.forEach(text -> all.add(MountSyntax.volume(text)));
        mounts.forEach(text -> all.add(MountSyntax.mount(text)));
        tmpfs.forEach(text -> all.add(MountSyntax.tmpfs(text)));
        return all;
    }

    private Optional<JsonNode> seccompProfile() {
        Optional<JsonNode> profile = Optional.empty();
        for (var option : securityOptions) {
            if (isNoNewPrivileges(option) || option.equals("seccomp=unconfined")) {
                continue;
            }
            if (!option.startsWith("seccomp=")) {
                throw FaultException.invalid(
                        "--security-opt %s is none of seccomp=FILE, seccomp=unconfined,"
                                + " no-new-privileges",
                        Names.quote(option));
            }
            profile = Optional.of(readProfile(Path.of(option.substring("seccomp=".length()))));
        }
        return profile;
    }

    private static boolean isNoNewPrivileges(String option) {
        return option.equals("no-new-privileges")
                || option.equals("no-new-privileges:true")
                || option.equals("no-new-privileges=true");
    }

    private static JsonNode readProfile(Path file) {
        try {
            return Json.mapper().readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw FaultException.invalid(
                    "seccomp profile %s is not JSON: %s", file, e.getOriginalMessage());
        } catch (IOException e) {
            throw FaultException.invalid("seccomp profile %s cannot be read: %s", file, e);
        }
    }

    static List<String> environment(List<String> options, List<Path> files) {
        var lines = new ArrayList<String>();
        for (var file : files) {
            try {
                Files.readAllLines(file).stream()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                        .forEach(lines::add);
            } catch (IOException e) {
                throw FaultException.invalid("--env-file %s cannot be read: %s", file, e);
            }
        }
        lines.addAll(options);
        var out = new ArrayList<String>();
        for (var line : lines) {
            if (line.startsWith("=") || line.isEmpty()) {
                throw FaultException.invalid("--env %s has no name", Names.quote(line));
            }
            if (line.contains("=")) {
                out.add(line);
            } else if (System.getenv(line) != null) {
                out.add(line + "=" + System.getenv(line));
            }
        }
        return out;
    }

    static Map<String, String> pairs(String option, List<String> texts, boolean valueOptional) {
        var map = new LinkedHashMap<String, String>();
        for (var text : texts) {
            int equals = text.indexOf('=');
            if (equals == 0 || text.isEmpty() || equals < 0 && !valueOptional) {
                throw FaultException.invalid("%s %s is not KEY=VALUE", option, Names.quote(text));
            }
            map.put(
                    equals < 0 ? text : text.substring(0, equals),
                    equals < 0 ? "" : text.substring(equals + 1));
        }
        return map;
    }

    /** Limits of {@code run} and {@code update}. */
    static final class ResourceOptions {
        @Option(
                names = {"-m", "--memory"},
                paramLabel = "SIZE",
                description = "most memory")
        String memory;

        @Option(
                names = "--memory-swap",
                paramLabel = "SIZE",
                description = "most memory and swap together; -1: no limit")
        String memorySwap;

        @Option(
                names = "--memory-reservation",
                paramLabel = "SIZE",
                description = "soft memory limit")
        String memoryReservation;

        @Option(
                names = "--cpus",
                paramLabel = "N",
                description = "most processors, for example 1.5")
        String cpus;

        @Option(
                names = {"-c", "--cpu-shares"},
                paramLabel = "N",
                description = "relative weight, 1024 is usual")
        Long cpuShares;

        @Option(
                names = "--cpuset-cpus",
                paramLabel = "LIST",
                description = "which processors, for example 0-2,5")
        String cpusetCpus;

        @Option(names = "--cpuset-mems", paramLabel = "LIST", description = "which memory nodes")
        String cpusetMems;

        @Option(names = "--pids-limit", paramLabel = "N", description = "most tasks; -1: no limit")
        Long pidsLimit;

        @Option(
                names = "--blkio-weight",
                paramLabel = "N",
                description = "relative weight of block I/O, 10 to 1000")
        Integer blkioWeight;

        LinuxResources resources(List<LinuxResources.DeviceRule> deviceRules) {
            return new LinuxResources(
                    memoryLimits(),
                    cpuLimits(),
                    Optional.ofNullable(pidsLimit).map(LinuxResources.Pids::new),
                    Optional.ofNullable(blkioWeight)
                            .map(
                                    weight ->
                                            new LinuxResources.BlockIo(
                                                    Optional.of(weight), null, null, null, null)),
                    deviceRules,
                    Map.of());
        }

        private Optional<LinuxResources.Memory> memoryLimits() {
            if (memory == null && memorySwap == null && memoryReservation == null) {
                return Optional.empty();
            }
            return Optional.of(
                    new LinuxResources.Memory(
                            Optional.ofNullable(memory).map(text -> Sizes.bytes("--memory", text)),
                            Optional.ofNullable(memoryReservation)
                                    .map(text -> Sizes.bytes("--memory-reservation", text)),
                            Optional.ofNullable(memorySwap)
                                    .map(text -> Sizes.bytes("--memory-swap", text)),
                            Optional.empty(),
                            Optional.empty()));
        }

        private Optional<LinuxResources.Cpu> cpuLimits() {
            if (cpus == null && cpuShares == null && cpusetCpus == null && cpusetMems == null) {
                return Optional.empty();
            }
            var quota = Optional.ofNullable(cpus).map(ResourceOptions::quotaMicros);
            return Optional.of(
                    new LinuxResources.Cpu(
                            Optional.ofNullable(cpuShares),
                            quota,
                            quota.map(micros -> 100_000L),
                            Optional.ofNullable(cpusetCpus),
                            Optional.ofNullable(cpusetMems),
                            Optional.empty()));
        }

        private static long quotaMicros(String cpus) {
            try {
                double count = Double.parseDouble(cpus);
                if (count >= 0.01 && count <= 8192) {
                    return Math.round(count * 100_000);
                }
            } catch (NumberFormatException e) {
                throw FaultException.invalid("--cpus %s is not a number", Names.quote(cpus));
            }
            throw FaultException.invalid("--cpus %s is not within 0.01..8192", cpus);
        }

        static int number(String option, String text) {
            try {
                return Integer.parseInt(text);
            } catch (NumberFormatException e) {
                throw FaultException.invalid("%s %s is not a number", option, Names.quote(text));
            }
        }
    }
}
