package dev.gantry.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.contract.seccomp.SeccompResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.seccomp.bpf.BpfInterpreter;
import dev.gantry.seccomp.kernel.RecordingSeccompKernel;
import dev.gantry.seccomp.syscalls.Architecture;
import dev.gantry.seccomp.syscalls.SyscallTable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

class CompiledFiltersTest {
    private static final Set<Integer> CACHEABLE =
            Set.of(0x20, 0x54, 0x05, 0x15, 0x25, 0x35, 0x45, 0x06);

    private final RecordingSeccompKernel kernel = new RecordingSeccompKernel();
    private final SyscallFilters filters = new CompiledFilters(kernel);

    private static JsonNode json(String text) {
        try {
            return Json.mapper().readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    private SeccompResult.Program compile(String profile) {
        return filters.compile(new SeccompOperation.Compile(Optional.of(json(profile)), List.of()));
    }

    private int run(String profile, Architecture architecture, String call, long... arguments) {
        return BpfInterpreter.run(
                compile(profile).filter(),
                architecture.audit(),
                SyscallTable.of(architecture).number(call).orElseThrow(),
                arguments);
    }

    @Test
    void emitsOnlyWhatTheKernelCanWorkOutAheadOfTime() {
        var filter = filters.compile(DefaultProfile.QUESTION).filter();
        var program = ByteBuffer.wrap(filter).order(ByteOrder.nativeOrder());
        var codes = new TreeSet<Integer>();
        for (int at = 0; at < filter.length; at += 8) {
            codes.add(program.getShort(at) & 0xffff);
        }

        assertThat(CACHEABLE).containsAll(codes);
    }

    @Test
    void theStrictestRuleWinsWhateverTheOrder() {
        var actions =
                List.of("KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "LOG", "ALLOW");
        var values = List.of(0x80000000, 0, 0x30000, 0x50001, 0x7ff00001, 0x7ffc0000, 0x7fff0000);
        for (int strict = 0; strict < actions.size(); strict++) {
            for (int lax = strict; lax < actions.size(); lax++) {
                var rules =
                        """
                        {"names": ["read"], "action": "SCMP_ACT_%s"},
                        {"names": ["read"], "action": "SCMP_ACT_%s"}
                        """;
                for (var order :
                        List.of(
                                rules.formatted(actions.get(strict), actions.get(lax)),
                                rules.formatted(actions.get(lax), actions.get(strict)))) {
                    var profile =
                            "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
                                    + order
                                    + "]}";
                    assertThat(run(profile, Architecture.X86_64, "read"))
                            .as(order)
                            .isEqualTo(values.get(strict));
                }
            }
        }
    }

    @Test
    void anArchitectureThatIsNotListedKills() {
        var profile = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}";

        assertThat(run(profile, Architecture.X86_64, "read")).isEqualTo(0x7fff0000);
        assertThat(run(profile, Architecture.X86, "read")).isEqualTo(0x80000000);
        assertThat(run(profile, Architecture.X32, "read")).isEqualTo(0x80000000);
    }

    @Test
    void clone3IsNoWayAroundAMaskOnClone() {
        var profile =
                """
                {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                  {"names": ["clone"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0,
                   "op": "SCMP_CMP_MASKED_EQ", "value": 268435456, "valueTwo": 268435456}]}]}
                """;

        assertThat(run(profile, Architecture.X86_64, "clone", 0x10000011)).isEqualTo(0x50001);
        assertThat(run(profile, Architecture.X86_64, "clone", 0x11)).isEqualTo(0x7fff0000);
        assertThat(run(profile, Architecture.X86_64, "clone3")).isEqualTo(0x50026);
    }

    @Test
    void whatAMultiplexerHidesGetsTheStrictestOutcome() {
        var profile =
                """
                {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"],
                 "syscalls": [
                  {"names": ["semget"], "action": "SCMP_ACT_ERRNO"},
                  {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97,
                   "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 38}]}]}
                """;

        assertThat(run(profile, Architecture.X86, "socketcall", 1)).isEqualTo(0x50061);
        assertThat(run(profile, Architecture.X86, "socketcall", 2)).isEqualTo(0x7fff0000);
        assertThat(run(profile, Architecture.X86, "ipc", 2)).isEqualTo(0x50001);
        assertThat(run(profile, Architecture.X86, "ipc", 2 | 1 << 16))
                .as("the version in the high half is no way around")
                .isEqualTo(0x50001);
        assertThat(run(profile, Architecture.X86, "ipc", 1)).isEqualTo(0x7fff0000);
    }

    @Test
    void aValueWiderThanTheArgumentIsAnErrorThatNamesTheRule() {
        assertThatExceptionOfType(FaultException.class)
                .isThrownBy(
                        () ->
                                compile(
                                        """
                                        {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                                          {"names": ["socket"], "action": "SCMP_ACT_ERRNO",
                                           "args": [{"index": 0, "op": "SCMP_CMP_EQ",
                                                     "value": 4294967334}]}]}
                                        """))
                .withMessageContaining("rule 0 (socket)")
                .withMessageContaining("32 bits");
    }

    @Test
    @Timeout(20)
    void aProfileThatNeedsTooLongAProgramIsRefused() {
        var rule =
                """
                {"names": ["lseek"], "action": "SCMP_ACT_LOG",
                 "args": [{"index": 1, "op": "SCMP_CMP_EQ", "value": %d}]},
                """;
        for (int count : new int[] {1023, 4000}) {
            var rules = new StringBuilder();
            for (int i = 0; i < count; i++) {
                rules.append(rule.formatted(i));
            }
            rules.setLength(rules.lastIndexOf(","));
            assertThatExceptionOfType(FaultException.class)
                    .isThrownBy(
                            () ->
                                    compile(
                                            "{\"defaultAction\": \"SCMP_ACT_ALLOW\","
                                                    + " \"syscalls\": ["
                                                    + rules
                                                    + "]}"))
                    .satisfies(
                            e ->
                                    assertThat(e.fault().code())
                                            .isEqualTo(FaultCode.RESOURCE_EXHAUSTED));
        }
    }

    @Test
    void aLongChainThatFitsJumpsAsFarAsItMust() {
        var rules = new StringBuilder();
        for (int i = 0; i < 600; i++) {
            rules.append(
                    """
                    {"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": %d,
                     "args": [{"index": 1, "op": "SCMP_CMP_EQ", "value": %d}]},
                    """
                            .formatted(i + 1, i * 3));
        }
        rules.setLength(rules.lastIndexOf(","));
        var profile = "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [" + rules + "]}";

        for (int i = 0; i < 600; i += 7) {
            assertThat(run(profile, Architecture.X86_64, "lseek", 0, i * 3L))
                    .isEqualTo(0x50000 | i + 1);
            assertThat(run(profile, Architecture.X86_64, "lseek", 0, i * 3L + 1))
                    .isEqualTo(0x7fff0000);
        }
        assertThat(run(profile, Architecture.X86_64, "read")).isEqualTo(0x7fff0000);
    }

    @Test
    void aKernelWithoutFiltersIsSaidSo() {
        var none = new CompiledFilters(new RecordingSeccompKernel(false));

        assertThat(none.support().filters()).isFalse();
        assertThat(none.support().actions()).isEmpty();
        assertThatExceptionOfType(FaultException.class)
                .isThrownBy(() -> none.compile(DefaultProfile.QUESTION))
                .satisfies(e -> assertThat(e.fault().code()).isEqualTo(FaultCode.UNSUPPORTED));
    }

    @Test
    void asksTheKernelOnlyQuestionsThatCanDoNothing() {
        filters.compile(DefaultProfile.QUESTION);

        assertThat(kernel.calls)
                .isNotEmpty()
                .allMatch(c -> c.startsWith("SECCOMP_GET_ACTION_AVAIL") || c.endsWith("NULL"));
    }

    @Test
    void programsAreKeptByDigest() {
        var first = filters.compile(DefaultProfile.QUESTION);

        assertThat(filters.compile(DefaultProfile.QUESTION)).isSameAs(first);
    }

    @Test
    void explainAgreesWithTheProgram() {
        var verdict =
                filters.explain(
                        new SeccompOperation.Explain(
                                Optional.empty(), List.of(), "clone", List.of(0x10000000L)));

        assertThat(verdict.action()).isEqualTo("SCMP_ACT_ERRNO");
        assertThat(verdict.rule()).isEqualTo("defaultAction");
        assertThat(
                        filters.explain(
                                        new SeccompOperation.Explain(
                                                Optional.empty(), List.of(), "clone3", List.of()))
                                .rule())
                .contains("clone");
    }
}
