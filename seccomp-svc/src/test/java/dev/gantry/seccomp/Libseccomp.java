package dev.gantry.seccomp;

import com.fasterxml.jackson.databind.JsonNode;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

/** The host's libseccomp as a second compiler to compare ours with (seccomp_rule_add(3)). */
final class Libseccomp {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final List<String> OPS =
            List.of("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ");

    private final SymbolLookup library;

    private Libseccomp(SymbolLookup library) {
        this.library = library;
    }

    /** The library, if the host has it. */
    static Optional<Libseccomp> find() {
        try {
            return Optional.of(
                    new Libseccomp(SymbolLookup.libraryLookup("libseccomp.so.2", Arena.global())));
        } catch (IllegalArgumentException absent) {
            return Optional.empty();
        }
    }

    /** The program that it makes of a profile, fed as runc feeds it. */
    byte[] compile(JsonNode profile, int... architectures) {
        try (var arena = Arena.ofConfined()) {
            int defaultAction = action(profile, "defaultAction", "defaultErrnoRet");
            var context =
                    (MemorySegment)
                            function("seccomp_init", ValueLayout.ADDRESS, INT)
                                    .invoke(defaultAction);
            for (int architecture : architectures) {
                check((int) call("seccomp_arch_add", INT).invoke(context, architecture));
            }
            for (var rule : profile.path("syscalls")) {
                int action = action(rule, "action", "errnoRet");
                for (var name : rule.path("names")) {
                    int number =
                            (int)
                                    function(
                                                    "seccomp_syscall_resolve_name",
                                                    INT,
                                                    ValueLayout.ADDRESS)
                                            .invoke(arena.allocateFrom(name.asText()));
                    if (number != -1 && action != defaultAction) {
                        addRule(arena, context, action, number, rule.path("args"));
                    }
                }
            }
            var bytes = export(arena, context);
            Linker.nativeLinker()
                    .downcallHandle(
                            library.find("seccomp_release").orElseThrow(),
                            FunctionDescriptor.ofVoid(ValueLayout.ADDRESS))
                    .invoke(context);
            return bytes;
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private void addRule(
            Arena arena, MemorySegment context, int action, int number, JsonNode conditions)
            throws Throwable {
        long distinct =
                conditions.findValues("index").stream()
                        .mapToInt(JsonNode::asInt)
                        .distinct()
                        .count();
        boolean apart = distinct < conditions.size();
        var add = call("seccomp_rule_add_array", INT, INT, INT, ValueLayout.ADDRESS);
        var array = arena.allocate(24L * Math.max(1, conditions.size()), 8);
        int count = 0;
        for (var condition : conditions) {
            var op = condition.path("op").asText().substring("SCMP_CMP_".length());
            long at = 24L * (apart ? 0 : count);
            array.set(INT, at, condition.path("index").asInt());
            array.set(INT, at + 4, OPS.indexOf(op) + 1);
            array.set(
                    ValueLayout.JAVA_LONG,
                    at + 8,
                    condition.path("value").bigIntegerValue().longValue());
            array.set(
                    ValueLayout.JAVA_LONG,
                    at + 16,
                    condition.path("valueTwo").bigIntegerValue().longValue());
            if (apart) {
                check((int) add.invoke(context, action, number, 1, array));
            }
            count++;
        }
        if (!apart) {
            check((int) add.invoke(context, action, number, count, array));
        }
    }

    private byte[] export(Arena arena, MemorySegment context) throws Throwable {
        var file = Files.createTempFile("libseccomp", ".bpf");
        try {
            int descriptor =
                    (int)
                            libc("creat", ValueLayout.ADDRESS, INT)
                                    .invoke(arena.allocateFrom(file.toString()), 0600);
            check((int) call("seccomp_export_bpf", INT).invoke(context, descriptor));
            check((int) libc("close", INT).invoke(descriptor));
            return Files.readAllBytes(file);
        } finally {
            delete(file);
        }
    }

    private static void delete(java.nio.file.Path file) throws IOException {
        Files.delete(file);
    }

    private static MethodHandle libc(String name, java.lang.foreign.MemoryLayout... arguments) {
        var linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().find(name).orElseThrow(),
                FunctionDescriptor.of(INT, arguments));
    }

    private MethodHandle function(
            String name,
            java.lang.foreign.MemoryLayout result,
            java.lang.foreign.MemoryLayout... arguments) {
        return Linker.nativeLinker()
                .downcallHandle(
                        library.find(name).orElseThrow(), FunctionDescriptor.of(result, arguments));
    }

    /** A function whose first argument is the context. */
    private MethodHandle call(String name, java.lang.foreign.MemoryLayout... others) {
        var all = new java.lang.foreign.MemoryLayout[others.length + 1];
        all[0] = ValueLayout.ADDRESS;
        System.arraycopy(others, 0, all, 1, others.length);
        return function(name, INT, all);
    }

    private static final int EINVAL = 22;

    /**
     * Some random profiles it refuses to take (its own rule tree, EINVAL): there is no second
     * opinion then.
     */
    private static void check(int answer) {
        org.junit.jupiter.api.Assumptions.assumeTrue(
                answer != -EINVAL, "libseccomp does not take this profile");
        if (answer < 0) {
            throw new IllegalStateException("libseccomp answers " + answer);
        }
    }

    private static int action(JsonNode node, String actionName, String errnoName) {
        return switch (node.path(actionName).asText()) {
            case "SCMP_ACT_KILL_PROCESS" -> 0x80000000;
            case "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL" -> 0;
            case "SCMP_ACT_TRAP" -> 0x30000;
            case "SCMP_ACT_ERRNO" -> 0x50000 | node.path(errnoName).asInt(1);
            case "SCMP_ACT_TRACE" -> 0x7ff00000 | node.path(errnoName).asInt(1);
            case "SCMP_ACT_LOG" -> 0x7ffc0000;
            case "SCMP_ACT_ALLOW" -> 0x7fff0000;
            default -> throw new IllegalArgumentException(node.toString());
        };
    }
}
