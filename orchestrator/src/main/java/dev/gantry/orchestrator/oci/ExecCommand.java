package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.oci.OciConfig;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code exec}: a further process in a running container. */
@Command(name = "exec", description = "Run a further process in a container.")
final class ExecCommand implements Callable<Integer> {
    @ParentCommand OciCommand oci;

    @Parameters(index = "0", paramLabel = "ID", description = "of the container")
    String id;

    @Parameters(index = "1..*", paramLabel = "COMMAND", description = "and its arguments")
    List<String> command = List.of();

    @Option(
            names = {"-p", "--process"},
            paramLabel = "FILE",
            description = "the process object, as JSON")
    Path process;

    @Option(
            names = {"-t", "--tty"},
            description = "give it a terminal")
    boolean tty;

    @Option(
            names = {"-d", "--detach"},
            description = "do not wait for its end")
    boolean detach;

    @Option(names = "--pid-file", paramLabel = "FILE", description = "gets its pid")
    Path pidFile;

    @Option(
            names = "--console-socket",
            paramLabel = "SOCKET",
            description = "who listens there gets the terminal")
    Path consoleSocket;

    @Option(
            names = "--preserve-fds",
            paramLabel = "N",
            description = "hand N descriptors from 3 on to it")
    int preserved;

    @Option(names = "--cwd", paramLabel = "DIR", description = "its working directory")
    String cwd;

    @Option(
            names = {"-e", "--env"},
            paramLabel = "KEY=VALUE",
            description = "a further variable of its environment")
    List<String> env = List.of();

    @Option(
            names = {"-u", "--user"},
            paramLabel = "UID[:GID]",
            description = "its user, by number")
    String user;

    @Option(
            names = {"-g", "--additional-gids"},
            paramLabel = "GID",
            description = "a further group of it")
    List<Long> groups = List.of();

    @Option(
            names = {"-c", "--cap"},
            paramLabel = "CAP",
            description = "a further capability of it")
    List<String> capabilities = List.of();

    @Option(
            names = "--cgroup",
            paramLabel = "[CONTROLLER[,…]:]PATH",
            description = "a group beneath the container's for it, which is there already")
    List<String> cgroups = List.of();

    @Option(names = "--no-new-privs", description = "it can gain no privileges by execve")
    boolean noNewPrivileges;

    @Option(
            names = "--ignore-paused",
            description = "of a paused container too: it runs when that is resumed")
    boolean ignorePaused;

    @Override
    public Integer call() {
        var containers = oci.containers();
        var json =
                new Grantable(ErrorLog.of(oci)::warn)
                        .process(process == null ? ofContainer(containers) : read(process));
        var request =
                new Execution.Request(
                        id,
                        OciConfig.readProcess(json),
                        Optional.ofNullable(pidFile),
                        Optional.ofNullable(consoleSocket),
                        CreateCommand.preserved(preserved),
                        cgroups,
                        ignorePaused,
                        detach,
                        ErrorLog.of(oci));
        return new Execution(containers, request).run();
    }

    private byte[] read(Path file) {
        try {
            var tree = Json.mapper().readTree(Files.readAllBytes(file));
            if (tree instanceof ObjectNode object && tty) {
                object.put("terminal", true);
            }
            return Json.mapper().writeValueAsBytes(tree);
        } catch (IOException e) {
            throw FaultException.invalid("--process %s: %s", file, e.getMessage());
        }
    }

    /** The container's own process, with the differences that the options ask for. */
    private byte[] ofContainer(Containers containers) {
        containers.store().look(id);
        if (command.isEmpty()) {
            throw FaultException.invalid("exec: no command is named, and no --process");
        }
        try {
            var config = Json.mapper().readTree(containers.store().config(id));
            var base = (ObjectNode) config.path("process");
            base.put("terminal", tty);
            base.remove("consoleSize");
            command.forEach(base.putArray("args")::add);
            env.forEach(array(base, "env")::add);
            if (cwd != null) {
                base.put("cwd", cwd);
            }
            if (user != null) {
                base.set("user", user(base.path("user")));
            }
            if (!groups.isEmpty()) {
                var all = array(base.withObject("user"), "additionalGids");
                groups.forEach(all::add);
            }
            for (var set : List.of("bounding", "effective", "permitted")) {
                var names = array(base.withObject("capabilities"), set);
                capabilities.forEach(names::add);
            }
            if (noNewPrivileges) {
                base.put("noNewPrivileges", true);
            }
            return Json.mapper().writeValueAsBytes(base);
        } catch (IOException e) {
            throw FaultException.invalid("configuration of %s: %s", id, e.getMessage());
        }
    }

    private static ArrayNode array(ObjectNode object, String field) {
        return object.path(field) instanceof ArrayNode there ? there : object.putArray(field);
    }

    /** Another user has the primary group that is named, and no other of the container's. */
    private ObjectNode user(JsonNode before) {
        var out = Json.mapper().createObjectNode();
        var parts = user.split(":", 2);
        try {
            out.put("uid", Long.parseLong(parts[0]));
            out.put(
                    "gid",
                    parts.length > 1 ? Long.parseLong(parts[1]) : before.path("gid").asLong());
        } catch (NumberFormatException e) {
            throw FaultException.invalid("--user %s is not UID or UID:GID, in numbers", user);
        }
        if (before.has("umask")) {
            out.set("umask", before.get("umask"));
        }
        return out;
    }
}
