package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the process is like that {@code run}, {@code create} or {@code exec} starts. */
final class ProcessOptions {
    @Option(
            names = {"-i", "--interactive"},
            description = "keep standard input open")
    boolean interactive;

    @Option(
            names = {"-t", "--tty"},
            description = "give the command a terminal")
    boolean tty;

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
            description = "its working directory")
    String workdir;

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER[:GROUP]",
            description = "name or number")
    String user;

    /** The caller's terminal, if the process gets one. */
    Optional<Terminal.Size> size() {
        return tty ? Terminal.size(0) : Optional.empty();
    }

    Optional<String> workingDirectory() {
        return Optional.ofNullable(workdir);
    }

    Optional<String> identity() {
        return Optional.ofNullable(user);
    }

    /** {@code KEY=VALUE} each; a later one counts. */
    List<String> environment() {
        var lines = new ArrayList<String>();
        for (var file : envFiles) {
            OptionSyntax.text("--env-file", file)
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .forEach(lines::add);
        }
        lines.addAll(env);
        var out = new ArrayList<String>();
        for (var line : lines) {
            if (line.startsWith("=") || line.isEmpty()) {
                throw FaultException.invalid("--env %s has no name", Names.quote(line));
            }
            if (line.contains("=")) {
                out.add(line);
            } else {
                Invocation.current()
                        .environment(line)
                        .ifPresent(value -> out.add(line + "=" + value));
            }
        }
        return out;
    }
}
