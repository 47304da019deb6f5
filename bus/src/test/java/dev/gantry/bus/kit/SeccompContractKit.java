package dev.gantry.bus.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.contract.seccomp.SeccompResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;
import java.util.Optional;

/**
 * What any implementation of {@code seccomp.v1} must do. It is asked over a bus; the subclass gives
 * the bus and has the implementation serve on it.
 */
public abstract class SeccompContractKit {
    private static final String FORBID_MKDIR =
            """
            {"defaultAction": "SCMP_ACT_ALLOW",
             "syscalls": [{"names": ["mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO",
                           "errnoRet": 13}]}
            """;

    private static final CallOptions OPTIONS = CallOptions.DEFAULT;

    /** A client's connection to the bus on which the implementation serves. */
    protected abstract Bus bus();

    @Test
    void theDefaultProfileCompilesToWholeInstructions() {
        var program = compile(null, List.of());

        assertThat(program.digest()).matches("sha256:[0-9a-f]{64}");
        assertThat(program.instructions()).isBetween(1, 4096);
        assertThat(program.filter()).hasSize(program.instructions() * 8);
        assertThat(program.steps()).isNotEmpty();
    }

    @Test
    void equalQuestionsHaveEqualAnswersAndCapabilitiesMakeADifference() {
        var program = compile(null, List.of());

        assertThat(compile(null, List.of()).filter()).isEqualTo(program.filter());
        var other = compile(null, List.of("CAP_SYS_ADMIN"));
        assertThat(other.digest()).isNotEqualTo(program.digest());
        assertThat(other.filter()).isNotEqualTo(program.filter());
    }

    @Test
    void callsThatTheHostDoesNotHaveAreLeftOutAndNamed() {
        assertThat(compile(FORBID_MKDIR, List.of()).skipped()).containsExactly("no_such_call");
    }

    @Test
    void whoListensIsAFlagForTheKernel() {
        var program =
                compile(
                        "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/a.sock\","
                            + "\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],"
                            + "\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
                        List.of());

        assertThat(program.flags()).isEqualTo(8 | 32);
    }

    @ParameterizedTest
    @CsvSource({"bpf", "add_key", "kexec_load"})
    void theDefaultProfileRefusesWhatReachesTheKernel(String call) {
        var verdict = explain(null, List.of(), call);

        assertThat(verdict.action()).isEqualTo("SCMP_ACT_ERRNO");
        assertThat(verdict.errno()).contains(1);
    }

    @Test
    void explainNamesTheRuleThatDecides() {
        var verdict = explain(FORBID_MKDIR, List.of(), "mkdirat");

        assertThat(verdict.action()).isEqualTo("SCMP_ACT_ERRNO");
        assertThat(verdict.errno()).contains(13);
        assertThat(verdict.rule()).contains("rule 0");
        assertThat(explain(FORBID_MKDIR, List.of(), "openat").rule()).isEqualTo("defaultAction");
    }

    @Test
    void explainLooksAtArguments() {
        assertThat(explain(null, List.of(), "socket", 2L, 1L, 0L).action())
                .isEqualTo("SCMP_ACT_ALLOW");
        assertThat(explain(null, List.of(), "socket", 38L, 5L, 0L).action())
                .isEqualTo("SCMP_ACT_ERRNO");
        assertThat(explain(null, List.of(), "socket", 38L | 1L << 32, 5L, 0L).action())
                .as("the kernel drops the high bits of an int")
                .isEqualTo("SCMP_ACT_ERRNO");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"SCMP_ACT_MAYBE\"|\"name\": \"read\"",
                "\"SCMP_ACT_ERRNO\"|\"names\": [\"read\"], \"errnoRet\": 0",
                "\"SCMP_ACT_ERRNO\"|\"names\": [\"read\"], \"errnoRet\": 4096",
                "\"SCMP_ACT_ERRNO\"|\"name\": \"read\", \"names\": [\"write\"]",
                "\"SCMP_ACT_ERRNO\"|\"names\": []",
                "\"SCMP_ACT_NOTIFY\"|\"names\": [\"write\"]",
                "\"SCMP_ACT_ERRNO\"|\"names\": [\"read\"], \"args\":"
                        + " [{\"index\": 6, \"op\": \"SCMP_CMP_EQ\", \"value\": 1}]",
                "\"SCMP_ACT_ERRNO\"|\"names\": [\"read\"], \"args\":"
                        + " [{\"index\": 0, \"op\": \"SCMP_CMP_LIKE\", \"value\": 1}]",
                "\"SCMP_ACT_ERRNO\"|\"names\": [\"read\"], \"args\":"
                        + " [{\"index\": 0, \"op\": \"SCMP_CMP_EQ\", \"value\": -1}]"
            })
    void aWrongRuleIsRefusedByItsIndex(String action, String rest) {
        var profile =
                """
                {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                  {"names": ["getpid"], "action": "SCMP_ACT_LOG"},
                  {"action": %s, %s}]}
                """
                        .formatted(action, rest);

        assertRefused(() -> compile(profile, List.of()), FaultCode.INVALID_ARGUMENT, "rule 1");
    }

    @Test
    void aProfileWithoutADefaultActionIsRefused() {
        assertRefused(
                () -> compile("{\"syscalls\": []}", List.of()),
                FaultCode.INVALID_ARGUMENT,
                "defaultAction");
    }

    @Test
    void aCallThatDoesNotExistCannotBeExplained() {
        assertRefused(
                () -> explain(null, List.of(), "no_such_call"),
                FaultCode.NOT_FOUND,
                "no_such_call");
    }

    @Test
    void saysWhatTheKernelSupports() {
        var support =
                bus().ask(SeccompOperation.CONTRACT, new SeccompOperation.Profiles(), OPTIONS);

        assertThat(support.filters()).isTrue();
        assertThat(support.architectures()).isNotEmpty();
        assertThat(support.actions()).contains("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
        assertThat(support.profiles()).containsKey("default");
    }

    private SeccompResult.Program compile(String profile, List<String> capabilities) {
        return bus().ask(
                        SeccompOperation.CONTRACT,
                        new SeccompOperation.Compile(
                                Optional.ofNullable(profile).map(SeccompContractKit::json),
                                capabilities),
                        OPTIONS);
    }

    private SeccompResult.Verdict explain(
            String profile, List<String> capabilities, String call, Long... arguments) {
        return bus().ask(
                        SeccompOperation.CONTRACT,
                        new SeccompOperation.Explain(
                                Optional.ofNullable(profile).map(SeccompContractKit::json),
                                capabilities,
                                call,
                                List.of(arguments)),
                        OPTIONS);
    }

    private static JsonNode json(String text) {
        try {
            return Json.mapper().readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    private static void assertRefused(ThrowingCallable call, FaultCode code, String named) {
        assertThatExceptionOfType(FaultException.class)
                .isThrownBy(call)
                .satisfies(
                        e -> {
                            assertThat(e.fault().code()).isEqualTo(code);
                            assertThat(e.fault().message()).contains(named);
                        });
    }
}
