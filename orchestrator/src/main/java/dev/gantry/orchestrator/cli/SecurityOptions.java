package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What a container may do: capabilities, the seccomp profile, new privileges. */
final class SecurityOptions {
    private static final String UNCONFINED = "seccomp=unconfined";

    @Option(names = "--cap-add", paramLabel = "CAP", description = "a capability more, or ALL")
    List<String> capAdd = List.of();

    @Option(names = "--cap-drop", paramLabel = "CAP", description = "a capability less, or ALL")
    List<String> capDrop = List.of();

    @Option(
            names = "--security-opt",
            paramLabel = "OPTION",
            description = "seccomp=FILE, seccomp=unconfined, no-new-privileges")
    List<String> securityOptions = List.of();

    boolean noNewPrivileges() {
        return securityOptions.stream().anyMatch(SecurityOptions::isNoNewPrivileges);
    }

    boolean unconfined() {
        return securityOptions.contains(UNCONFINED);
    }

    /** The profile of the file that is named last; empty for Gantry's own. */
    Optional<JsonNode> seccompProfile() {
        Optional<JsonNode> profile = Optional.empty();
        for (var option : securityOptions) {
            if (isNoNewPrivileges(option) || option.equals(UNCONFINED)) {
                continue;
            }
            if (!option.startsWith("seccomp=")) {
                throw FaultException.invalid(
                        "--security-opt %s is none of seccomp=FILE, seccomp=unconfined,"
                                + " no-new-privileges",
                        Names.quote(option));
            }
            profile =
                    Optional.of(
                            readProfile(
                                    Invocation.current()
                                            .path(option.substring("seccomp=".length()))));
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
            return Json.mapper().readTree(OptionSyntax.text("seccomp profile", file));
        } catch (JsonProcessingException e) {
            throw FaultException.invalid(
                    "seccomp profile %s is not JSON: %s", file, e.getOriginalMessage());
        }
    }
}
