package dev.gantry.bus.contract.seccomp;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Optional;

/** {@code seccomp.v1}: profiles to filters, and filters to words. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "operation")
@JsonSubTypes({
    @JsonSubTypes.Type(value = SeccompOperation.Compile.class, name = "compile"),
    @JsonSubTypes.Type(value = SeccompOperation.Explain.class, name = "explain"),
    @JsonSubTypes.Type(value = SeccompOperation.Profiles.class, name = "profiles")
})
public sealed interface SeccompOperation<R> extends Operation<R> {
    /** The contract. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    Contract<SeccompOperation<?>> CONTRACT =
            new Contract<>("seccomp.v1", (Class) SeccompOperation.class);

    /**
     * Compiles a profile to a BPF program for this host.
     *
     * @param profile Docker's or the OCI form as JSON; absent: the default profile
     * @param capabilities the container's capabilities ({@code CAP_…}), for includes and excludes
     */
    record Compile(Optional<JsonNode> profile, List<String> capabilities)
            implements SeccompOperation<SeccompResult.Program> {
        /** Absent parts are empty. */
        public Compile {
            profile = Absent.orEmpty(profile).filter(node -> !node.isNull());
            capabilities = Absent.orEmpty(capabilities);
        }

        @Override
        public String subject() {
            return profile.isPresent() ? "profile" : "default";
        }

        @Override
        public Class<SeccompResult.Program> resultType() {
            return SeccompResult.Program.class;
        }
    }

    /** Says which rule of a profile decides about a system call, and how. */
    record Explain(
            Optional<JsonNode> profile,
            List<String> capabilities,
            String syscall,
            List<Long> arguments)
            implements SeccompOperation<SeccompResult.Verdict> {
        /** Absent parts are empty; the call must be named. */
        public Explain {
            profile = Absent.orEmpty(profile).filter(node -> !node.isNull());
            capabilities = Absent.orEmpty(capabilities);
            arguments = Absent.orEmpty(arguments);
            if (syscall == null || syscall.isEmpty()) {
                throw FaultException.invalid("no system call is named");
            }
        }

        @Override
        public String subject() {
            return syscall;
        }

        @Override
        public Class<SeccompResult.Verdict> resultType() {
            return SeccompResult.Verdict.class;
        }
    }

    /** What the kernel supports, and the profiles that come with Gantry. */
    record Profiles() implements SeccompOperation<SeccompResult.Support> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<SeccompResult.Support> resultType() {
            return SeccompResult.Support.class;
        }
    }
}
