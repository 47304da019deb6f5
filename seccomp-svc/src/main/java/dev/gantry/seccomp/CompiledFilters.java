package dev.gantry.seccomp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.contract.seccomp.SeccompResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.seccomp.bpf.FilterCompiler;
import dev.gantry.seccomp.bpf.Instruction;
import dev.gantry.seccomp.kernel.SeccompKernel;
import dev.gantry.seccomp.policy.ArchitecturePolicy;
import dev.gantry.seccomp.profile.Host;
import dev.gantry.seccomp.profile.Profile;
import dev.gantry.seccomp.profile.ProfileReader;
import dev.gantry.seccomp.syscalls.Architecture;
import dev.gantry.seccomp.syscalls.Multiplexer;
import dev.gantry.seccomp.syscalls.SyscallTable;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** {@link SyscallFilters} with a compiler of our own, and its programs kept by digest. */
public final class CompiledFilters implements SyscallFilters {
    private static final int CACHED = 64;

    private final Host host;
    private final KernelSupport support;
    private final JsonNode defaultProfile = DefaultProfile.read();
    private final Map<String, SeccompResult.Program> cache =
            new LinkedHashMap<>(CACHED, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(
                        Map.Entry<String, SeccompResult.Program> eldest) {
                    return size() > CACHED;
                }
            };

    /** Asks the kernel what it supports. */
    public CompiledFilters(SeccompKernel kernel) {
        this.host = Host.of(kernel.machine(), kernel.release());
        this.support = KernelSupport.probe(kernel);
    }

    @Override
    public SeccompResult.Program compile(SeccompOperation.Compile question) {
        var json = question.profile().orElse(defaultProfile);
        var capabilities = new TreeSet<>(question.capabilities());
        var digest = digest(question.profile(), capabilities);
        synchronized (cache) {
            var known = cache.get(digest);
            if (known != null) {
                return known;
            }
        }
        var program = program(digest, question.subject(), json, capabilities);
        synchronized (cache) {
            cache.put(digest, program);
        }
        return program;
    }

    private SeccompResult.Program program(
            String digest, String what, JsonNode json, Set<String> capabilities) {
        var profile = ProfileReader.read(json, host, capabilities);
        support.check(profile);
        var instructions = FilterCompiler.compile(profile);
        var filter = Instruction.encode(instructions);
        var skipped = skipped(profile);
        return new SeccompResult.Program(
                digest,
                filter,
                profile.flags(),
                instructions.size(),
                skipped,
                List.of(FilterStep.planned(what, digest, filter, profile, skipped.size())));
    }

    /** Calls that a rule names and that none of the profile's architectures has. */
    private static List<String> skipped(Profile profile) {
        return profile.rules().stream()
                .flatMap(rule -> rule.names().stream())
                .distinct()
                .filter(call -> profile.architectures().stream().noneMatch(a -> has(a, call)))
                .sorted()
                .toList();
    }

    private static boolean has(Architecture architecture, String call) {
        return SyscallTable.of(architecture).number(call).isPresent()
                || Multiplexer.of(architecture).stream().anyMatch(m -> m.calls().containsKey(call));
    }

    @Override
    public SeccompResult.Verdict explain(SeccompOperation.Explain question) {
        var call = question.syscall();
        if (!has(host.architecture(), call)) {
            throw FaultException.of(
                    FaultCode.NOT_FOUND,
                    "%s is no system call of %s",
                    Names.quote(call),
                    host.architecture().ociName());
        }
        if (question.arguments().size() > 6) {
            throw FaultException.invalid(
                    "%s is asked about with %d arguments, a system call has at most 6",
                    call, question.arguments().size());
        }
        var profile =
                ProfileReader.read(
                        question.profile().orElse(defaultProfile),
                        host,
                        Set.copyOf(question.capabilities()));
        var registers = new long[6];
        for (int i = 0; i < question.arguments().size(); i++) {
            registers[i] = question.arguments().get(i);
        }
        var decision =
                new ArchitecturePolicy(profile, host.architecture()).of(call).decide(registers);
        return new SeccompResult.Verdict(
                call,
                decision.action().kind().ociName(),
                decision.action().kind().takesErrno()
                        ? Optional.of(decision.action().data())
                        : Optional.empty(),
                decision.reason());
    }

    @Override
    public SeccompResult.Support support() {
        return new SeccompResult.Support(
                support.filters(),
                Stream.of(Architecture.values())
                        .filter(a -> a.occursOn(host.architecture()))
                        .map(Architecture::ociName)
                        .toList(),
                support.actions().stream().map(kind -> kind.ociName()).toList(),
                Map.of("default", DefaultProfile.DESCRIPTION));
    }

    private String digest(Optional<JsonNode> given, Set<String> capabilities) {
        try {
            var sha256 = MessageDigest.getInstance("SHA-256");
            if (given.isPresent()) {
                sha256.update(Json.mapper().writeValueAsBytes(given.get()));
            } else {
                sha256.update("default ".getBytes(StandardCharsets.UTF_8));
            }
            sha256.update(capabilities.toString().getBytes(StandardCharsets.UTF_8));
            sha256.update(host.toString().getBytes(StandardCharsets.UTF_8));
            return "sha256:" + HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException | JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
