package dev.gantry.seccomp.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonProcessingException;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.seccomp.syscalls.Architecture;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Set;

/**
 * Both forms of a profile, their conditions, and hostile ones (security.md, "seccomp profiles").
 */
class ProfileReaderTest {
    private static final Host HOST = new Host(Architecture.X86_64, 6, 1);

    private static Profile read(String json, String... capabilities) {
        try {
            return ProfileReader.read(Json.mapper().readTree(json), HOST, Set.of(capabilities));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(json, e);
        }
    }

    private static Profile readRule(String rule, String... capabilities) {
        return read(
                """
                {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                  {"action": "SCMP_ACT_ALLOW", "names": ["read"]},
                  {"action": "SCMP_ACT_ALLOW", %s}]}
                """
                        .formatted(rule),
                capabilities);
    }

    private static void assertRefused(String json, FaultCode code, String... words) {
        assertThatExceptionOfType(FaultException.class)
                .isThrownBy(() -> read(json))
                .satisfies(
                        e -> {
                            assertThat(e.fault().code()).isEqualTo(code);
                            assertThat(e.fault().message()).contains(words);
                        });
    }

    @Test
    void archMapAddsWhatBelongsToThisHost() {
        var profile =
                read(
                        """
                        {"defaultAction": "SCMP_ACT_ALLOW", "archMap": [
                          {"architecture": "SCMP_ARCH_AARCH64",
                           "subArchitectures": ["SCMP_ARCH_ARM"]},
                          {"architecture": "SCMP_ARCH_RISCV64", "subArchitectures": null},
                          {"architecture": "SCMP_ARCH_X86_64",
                           "subArchitectures": ["SCMP_ARCH_X86"]}]}
                        """);

        assertThat(profile.architectures()).containsExactly(Architecture.X86_64, Architecture.X86);
    }

    @Test
    void theOciFormListsArchitecturesAndFlags() {
        var profile =
                read(
                        """
                        {"defaultAction": "SCMP_ACT_KILL", "architectures": ["SCMP_ARCH_X32"],
                         "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]}
                        """);

        assertThat(profile.architectures()).containsExactly(Architecture.X86_64, Architecture.X32);
        assertThat(profile.flags()).isEqualTo(6);
        assertThat(profile.defaultAction().kind()).isEqualTo(Action.Kind.KILL_THREAD);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'includes': {'caps': ['CAP_BPF']}|true",
                "'includes': {'caps': ['CAP_BPF', 'CAP_SYSLOG']}|false",
                "'excludes': {'caps': ['CAP_BPF']}|false",
                "'excludes': {'caps': ['CAP_SYSLOG']}|true",
                "'includes': {'arches': ['amd64', 'x32']}|true",
                "'includes': {'arches': ['arm64']}|false",
                "'excludes': {'arches': ['s390x']}|true",
                "'excludes': {'arches': ['amd64']}|false",
                "'includes': {'minKernel': '4.8'}|true",
                "'includes': {'minKernel': '6.1'}|true",
                "'includes': {'minKernel': '6.2'}|false",
                "'includes': {'minKernel': '10.0'}|false",
                "'excludes': {'minKernel': '4.8'}|false",
                "'includes': {}, 'excludes': {}|true",
                "'includes': null, 'excludes': null|true"
            },
            quoteCharacter = '`')
    void aRuleAppliesByCapabilityArchitectureAndKernel(String filter, boolean applies) {
        var profile = readRule("\"names\": [\"bpf\"], " + filter.replace('\'', '"'), "CAP_BPF");

        assertThat(profile.rules()).hasSize(applies ? 2 : 1);
    }

    @Test
    void conditionsAreJoinedByAndUnlessTheyShareAnArgument() {
        var and =
                readRule(
                        """
                        "name": "socket", "args": [
                          {"index": 0, "op": "SCMP_CMP_EQ", "value": 1},
                          {"index": 1, "op": "SCMP_CMP_EQ", "value": 2}]
                        """);
        var or =
                readRule(
                        """
                        "name": "socket", "args": [
                          {"index": 0, "op": "SCMP_CMP_EQ", "value": 1},
                          {"index": 0, "op": "SCMP_CMP_EQ", "value": 18446744073709551615}]
                        """);

        assertThat(and.rules().getLast().alternatives()).hasSize(1);
        assertThat(or.rules().getLast().alternatives()).hasSize(2);
        assertThat(or.rules().getLast().alternatives().getLast().getFirst().value()).isEqualTo(-1L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'action': 'SCMP_ACT_NOPE', 'names': ['read']|SCMP_ACT_NOPE",
                "'names': ['read']|action is missing",
                "'action': 7, 'names': ['read']|action is not a string",
                "'action': 'SCMP_ACT_ERRNO', 'names': ['read'], 'errnoRet': 0|1 to 4095",
                "'action': 'SCMP_ACT_ERRNO', 'names': ['read'], 'errnoRet': 4096|1 to 4095",
                "'action': 'SCMP_ACT_ERRNO', 'names': ['read'], 'errnoRet': 1e999|1 to 4095",
                "'action': 'SCMP_ACT_ERRNO', 'names': ['read'], 'errnoRet': 1.5|1 to 4095",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['read'], 'errnoRet': 1|cannot go with",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['read'], 'name': 'write'|both name and",
                "'action': 'SCMP_ACT_ALLOW'|names no system call",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['']|not the name of a system call",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['re\\u0000ad']|not the name of a system"
                        + " call",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['read'], 'args': [{'op': 'SCMP_CMP_EQ'}]"
                        + "|no index",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['read'], 'args':"
                        + " [{'index': 6, 'op': 'SCMP_CMP_EQ'}]|index is 6",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['read'], 'args':"
                        + " [{'index': 0, 'op': 'SCMP_CMP_EQ', 'value': -1}]|value is -1",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['read'], 'args': [{'index': 0,"
                        + " 'op': 'SCMP_CMP_EQ', 'value': 18446744073709551616}]|value is 1844674",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['read'], 'args': [{'index': 0,"
                        + " 'op': 'SCMP_CMP_MASKED_EQ', 'value': 1, 'valueTwo': 2}]|never equal",
                "'action': 'SCMP_ACT_ALLOW', 'names': ['read'], 'includes':"
                        + " {'minKernel': 'new'}|minKernel",
                "'action': 'SCMP_ACT_NOTIFY', 'names': ['write']|listener itself",
                "[]|not a JSON object"
            },
            quoteCharacter = '`')
    void aWrongRuleIsNamed(String rule, String words) {
        var text = rule.startsWith("[") ? rule : "{" + rule.replace('\'', '"') + "}";
        assertRefused(
                """
                {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                  {"action": "SCMP_ACT_ALLOW", "names": ["getpid"]}, %s]}
                """
                        .formatted(text),
                FaultCode.INVALID_ARGUMENT,
                "rule 1",
                words);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'syscalls': []|defaultAction is missing",
                "'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 4096|defaultErrnoRet",
                "'defaultAction': 'SCMP_ACT_NOTIFY'|default",
                "'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['VAX']|VAX",
                "'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['SCMP_ARCH_X86'],"
                        + " 'archMap': [{'architecture': 'SCMP_ARCH_X86'}]|both",
                "'defaultAction': 'SCMP_ACT_ALLOW', 'flags': ['FAST']|FAST",
                "'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': {}|syscalls is not an array"
            },
            quoteCharacter = '`')
    void aWrongProfileIsRefused(String body, String word) {
        assertRefused("{" + body.replace('\'', '"') + "}", FaultCode.INVALID_ARGUMENT, word);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'listenerPath': 'x.sock'|listenerPath",
                "'listenerMetadata': 'x'|listenerMetadata",
                "'flags': ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']|WAIT_KILLABLE",
                "'flags': ['SECCOMP_FILTER_FLAG_NEW_LISTENER']|NEW_LISTENER",
                "'syscalls': [{'names': ['mount'], 'action': 'SCMP_ACT_NOTIFY'}]|rule 0 (mount)"
            },
            quoteCharacter = '`')
    void whoIsToBeAskedMustBeSaid(String body, String word) {
        assertRefused(
                "{\"defaultAction\": \"SCMP_ACT_ALLOW\", " + body.replace('\'', '"') + "}",
                FaultCode.INVALID_ARGUMENT,
                word);
    }

    @Test
    void aListenerIsAFlagOfTheFilter() {
        var profile =
                read(
                        """
                        {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent.sock",
                         "listenerMetadata": "m", "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
                         "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_NOTIFY"}]}
                        """);

        assertThat(profile.flags()).isEqualTo(8 | 32);
        assertThat(profile.rules().getFirst().action().kind()).isEqualTo(Action.Kind.NOTIFY);
    }

    @Test
    @Timeout(10)
    void aHundredThousandRulesAreRefused() {
        var rules = "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\"},".repeat(100_000);
        assertRefused(
                "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [%s]}"
                        .formatted(rules.substring(0, rules.length() - 1)),
                FaultCode.RESOURCE_EXHAUSTED,
                "rule 4096",
                "100000 rules");
    }
}
