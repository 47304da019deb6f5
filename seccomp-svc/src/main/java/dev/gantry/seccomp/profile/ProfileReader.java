package dev.gantry.seccomp.profile;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.seccomp.syscalls.Architecture;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a profile in Docker's form ({@code archMap}, {@code includes}, {@code excludes}) or in that
 * of the OCI runtime specification ({@code architectures}, {@code flags}); both at once where they
 * do not contradict each other.
 */
public final class ProfileReader {
    /** More rules than any real profile has; Docker's default has below 60. */
    static final int MAX_RULES = 4096;

    private static final int MAX_ARCHITECTURES = 64;

    /** Architectures that profiles name and that Gantry does not run on. */
    private static final Set<String> FOREIGN =
            Set.of(
                    "SCMP_ARCH_MIPS",
                    "SCMP_ARCH_MIPS64",
                    "SCMP_ARCH_MIPS64N32",
                    "SCMP_ARCH_MIPSEL",
                    "SCMP_ARCH_MIPSEL64",
                    "SCMP_ARCH_MIPSEL64N32",
                    "SCMP_ARCH_PPC",
                    "SCMP_ARCH_PPC64",
                    "SCMP_ARCH_PPC64LE",
                    "SCMP_ARCH_S390",
                    "SCMP_ARCH_S390X",
                    "SCMP_ARCH_PARISC",
                    "SCMP_ARCH_PARISC64",
                    "SCMP_ARCH_RISCV64",
                    "SCMP_ARCH_LOONGARCH64",
                    "SCMP_ARCH_M68K",
                    "SCMP_ARCH_SH",
                    "SCMP_ARCH_SHEB");

    private static final long NEW_LISTENER = 8;

    /** Without a listener the kernel refuses it. */
    private static final long WAIT_KILLABLE_RECV = 32;

    /** SECCOMP_FILTER_FLAG_… of linux/seccomp.h. */
    private static final Map<String, Long> FLAGS =
            Map.of(
                    "SECCOMP_FILTER_FLAG_TSYNC", 1L,
                    "SECCOMP_FILTER_FLAG_LOG", 2L,
                    "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4L,
                    "SECCOMP_FILTER_FLAG_NEW_LISTENER", NEW_LISTENER,
                    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", WAIT_KILLABLE_RECV);

    private ProfileReader() {}

    /** The profile as it applies to a container with these capabilities on this host. */
    public static Profile read(JsonNode json, Host host, Set<String> capabilities) {
        var fields = new Fields(json, "seccomp profile");
        boolean listener = listens(fields);
        var defaultAction = RuleReader.action(fields, "defaultAction", "defaultErrnoRet");
        if (defaultAction.kind() == Action.Kind.NOTIFY) {
            throw fields.wrong("SCMP_ACT_NOTIFY cannot be the default action");
        }
        var architectures = architectures(fields, host.architecture());
        var flags = flags(fields, listener);
        var reader = new RuleReader(host, capabilities, listener);
        var entries = fields.get("syscalls");
        if (entries.isPresent() && entries.get().size() > MAX_RULES) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "rule %d: the profile has %d rules, at most %d are taken",
                    MAX_RULES,
                    entries.get().size(),
                    MAX_RULES);
        }
        var rules = new ArrayList<Rule>();
        int index = 0;
        for (var entry : fields.list("syscalls", MAX_RULES)) {
            reader.read(index++, entry).ifPresent(rules::add);
        }
        return new Profile(defaultAction, architectures, List.copyOf(rules), flags);
    }

    /** Whether somebody is to be asked about calls; the launcher hands the descriptor over. */
    private static boolean listens(Fields fields) {
        var path = fields.text("listenerPath").filter(text -> !text.isEmpty());
        if (path.isPresent() && !path.get().startsWith("/")) {
            throw fields.wrong("listenerPath %s is not absolute", Names.quote(path.get()));
        }
        if (path.isEmpty()
                && fields.text("listenerMetadata").filter(text -> !text.isEmpty()).isPresent()) {
            throw fields.wrong("listenerMetadata has no listenerPath");
        }
        return path.isPresent();
    }

    private static List<Architecture> architectures(Fields fields, Architecture host) {
        var listed = fields.texts("architectures", MAX_ARCHITECTURES);
        var map = fields.list("archMap", MAX_ARCHITECTURES);
        if (!listed.isEmpty() && !map.isEmpty()) {
            throw fields.wrong("has both architectures and archMap");
        }
        var chosen = new LinkedHashSet<Architecture>();
        chosen.add(host);
        listed.forEach(name -> add(fields, name, host, chosen));
        for (var node : map) {
            var entry = new Fields(node, "seccomp profile: archMap");
            var name = entry.requiredText("architecture");
            var subs = entry.texts("subArchitectures", MAX_ARCHITECTURES);
            boolean ours = name.equals(host.ociName());
            for (var one : subs) {
                add(entry, one, host, ours ? chosen : new LinkedHashSet<>());
            }
            add(entry, name, host, chosen);
        }
        return List.copyOf(chosen);
    }

    private static void add(
            Fields fields, String name, Architecture host, Set<Architecture> chosen) {
        var architecture = Architecture.named(name);
        if (architecture.isEmpty() && !FOREIGN.contains(name)) {
            throw fields.wrong("architecture %s is unknown", Names.quote(name));
        }
        // One that cannot occur on this kernel needs no rules.
        architecture.filter(a -> a.occursOn(host)).ifPresent(chosen::add);
    }

    private static long flags(Fields fields, boolean listener) {
        long flags = listener ? NEW_LISTENER : 0;
        for (var name : fields.texts("flags", FLAGS.size() + 8)) {
            var flag = FLAGS.get(name);
            if (flag == null) {
                throw fields.wrong("flag %s is unknown", Names.quote(name));
            }
            flags |= flag;
        }
        if (!listener && (flags & (NEW_LISTENER | WAIT_KILLABLE_RECV)) != 0) {
            throw fields.wrong("flags: NEW_LISTENER and WAIT_KILLABLE_RECV need a listenerPath");
        }
        return flags;
    }
}
