package dev.gantry.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.seccomp.bpf.BpfInterpreter;
import dev.gantry.seccomp.kernel.RecordingSeccompKernel;
import dev.gantry.seccomp.syscalls.Architecture;
import dev.gantry.seccomp.syscalls.SyscallTable;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Our compiler against the naive reference, and against libseccomp where that is right.
 *
 * <p>Known differences, which the comparison with libseccomp leaves out:
 *
 * <ul>
 *   <li>rules with different actions about one call: libseccomp refuses or drops some, we go by
 *       precedence;
 *   <li>several rules about one call that each have several conditions, and several comparisons of
 *       one argument with values of more than 32 bits: libseccomp 2.5.4 merges their trees wrongly,
 *       against its own documentation (the naive reference says so);
 *   <li>high bits of arguments that are an int: libseccomp compares them, the kernel drops them;
 *   <li>values of more than 32 bits on x86 and x32: libseccomp drops the high half;
 *   <li>another architecture: libseccomp kills the thread, we kill the process;
 *   <li>numbers above every known call: runc patches libseccomp's program, ours answers ENOSYS;
 *   <li>-1: libseccomp takes it for a call of x32, we let it pass (a tracer's sign to skip);
 *   <li>arguments of calls through socketcall and ipc: libseccomp drops the conditions.
 * </ul>
 */
class DifferentialTest {
    private final SyscallFilters filters = new CompiledFilters(new RecordingSeccompKernel());

    private static final List<Architecture> ALL =
            List.of(Architecture.X86_64, Architecture.X32, Architecture.X86);

    @Property(tries = 400)
    void agreesWithTheNaiveReference(@ForAll long seed) {
        var random = new RandomProfiles(seed, false, 64);
        var profile = random.profile();
        var filter = compile(profile);
        for (int i = 0; i < 40; i++) {
            var call = random.call();
            for (var architecture : ALL) {
                var arguments = random.arguments(architecture, call, true);
                assertThat(run(filter, architecture, call, arguments))
                        .as(() -> shown(profile, architecture, call, arguments))
                        .isEqualTo(
                                ReferenceEvaluator.evaluate(
                                        profile, architecture, call, arguments));
            }
        }
    }

    @Property(tries = 300)
    void agreesWithLibseccompOnTheNativeArchitecture(@ForAll long seed) {
        agreesWithLibseccomp(seed, 64, List.of(Architecture.X86_64));
    }

    @Property(tries = 300)
    void agreesWithLibseccompOnAllArchitectures(@ForAll long seed) {
        agreesWithLibseccomp(seed, 32, ALL);
    }

    private void agreesWithLibseccomp(long seed, int widest, List<Architecture> architectures) {
        var library = Libseccomp.find();
        assumeTrue(library.isPresent(), "libseccomp.so.2 is not installed");
        var random = new RandomProfiles(seed, true, widest);
        var profile = random.profile();
        var ours = compile(profile);
        var theirs = library.get().compile(profile, 0x40000003, 0x4000003E);
        for (int i = 0; i < 40; i++) {
            var call = random.call();
            for (var architecture : architectures) {
                var arguments = random.arguments(architecture, call, false);
                assertThat(run(ours, architecture, call, arguments))
                        .as(() -> shown(profile, architecture, call, arguments))
                        .isEqualTo(run(theirs, architecture, call, arguments));
            }
        }
    }

    private static String shown(
            JsonNode profile, Architecture architecture, String call, long[] arguments) {
        return "%s%s on %s in %s"
                .formatted(call, Arrays.toString(arguments), architecture, profile);
    }

    private byte[] compile(JsonNode profile) {
        return filters.compile(new SeccompOperation.Compile(Optional.of(profile), List.of()))
                .filter();
    }

    private static int run(
            byte[] filter, Architecture architecture, String call, long[] arguments) {
        return BpfInterpreter.run(
                filter,
                architecture.audit(),
                SyscallTable.of(architecture).number(call).orElseThrow(),
                arguments);
    }
}
