package dev.gantry.orchestrator.oci;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;

/** {@code spec}: a configuration to begin with. */
@Command(name = "spec", description = "Write a config.json to begin with.")
final class SpecCommand implements Callable<Integer> {
    @ParentCommand OciCommand oci;

    @Option(
            names = {"-b", "--bundle"},
            paramLabel = "DIR",
            description = "where to (default: the working directory)")
    Path bundle = Invocation.current().directory();

    @Option(
            names = "--rootless",
            description = "refused: Gantry's services run as root starts them")
    boolean rootless;

    @Override
    public Integer call() {
        if (rootless) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED, "--rootless: the services are started by root");
        }
        var file = bundle.resolve("config.json");
        try (var template = SpecCommand.class.getResourceAsStream("config.json")) {
            Files.write(file, ofThisHost(template.readAllBytes()), StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException e) {
            throw FaultException.of(FaultCode.ALREADY_EXISTS, "%s exists. Remove it first", file);
        } catch (IOException e) {
            throw FaultException.invalid("write %s: %s", file, e);
        }
        return 0;
    }

    /** As runc has it: a cgroup namespace where the host has cgroup2 alone. */
    private static byte[] ofThisHost(byte[] template) {
        if (Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"))) {
            return template;
        }
        return new String(template, StandardCharsets.UTF_8)
                .replaceFirst(",\\s*\\{ \"type\": \"cgroup\" }", "")
                .getBytes(StandardCharsets.UTF_8);
    }
}
