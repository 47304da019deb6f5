package dev.gantry.seccomp;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/** The profile of containers that ask for none; its text is a resource beside this class. */
final class DefaultProfile {
    static final String DESCRIPTION =
            "an allow-list of the calls that programs need, with the meaning of Docker's: no bpf,"
                    + " keyrings, kexec, modules, mounts or new namespaces without the capability"
                    + " for it, no AF_ALG or AF_VSOCK sockets";

    /** The question of a container that asks for nothing special, with Docker's capabilities. */
    static final SeccompOperation.Compile QUESTION =
            new SeccompOperation.Compile(
                    Optional.empty(),
                    List.of(
                            "CAP_AUDIT_WRITE",
                            "CAP_CHOWN",
                            "CAP_DAC_OVERRIDE",
                            "CAP_FOWNER",
                            "CAP_FSETID",
                            "CAP_KILL",
                            "CAP_MKNOD",
                            "CAP_NET_BIND_SERVICE",
                            "CAP_NET_RAW",
                            "CAP_SETFCAP",
                            "CAP_SETGID",
                            "CAP_SETPCAP",
                            "CAP_SETUID",
                            "CAP_SYS_CHROOT"));

    private DefaultProfile() {}

    static JsonNode read() {
        try (var stream = DefaultProfile.class.getResourceAsStream("default-profile.json")) {
            return Json.mapper().readTree(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
