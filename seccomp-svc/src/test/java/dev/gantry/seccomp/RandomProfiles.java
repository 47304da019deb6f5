package dev.gantry.seccomp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.wire.Json;
import dev.gantry.seccomp.syscalls.Architecture;
import dev.gantry.seccomp.syscalls.SyscallTable;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Profiles and calls by chance, from one seed, with values that lie near each other. */
final class RandomProfiles {
    static final List<String> CALLS =
            List.of(
                    "read",
                    "write",
                    "mmap",
                    "ioctl",
                    "personality",
                    "prctl",
                    "kill",
                    "openat",
                    "chmod",
                    "mount",
                    "lseek",
                    "futex",
                    "setuid",
                    "mprotect",
                    "madvise",
                    "brk");

    private static final List<String> ACTIONS =
            List.of("KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "LOG", "ALLOW");

    private static final List<String> OPS =
            List.of("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ");

    private final Random random;
    private final boolean oneActionPerCall;
    private final int widest;

    /**
     * @param oneActionPerCall what libseccomp can express
     * @param widest how many bits values in conditions may have
     */
    RandomProfiles(long seed, boolean oneActionPerCall, int widest) {
        this.random = new Random(seed);
        this.widest = widest;
        this.oneActionPerCall = oneActionPerCall;
    }

    ObjectNode profile() {
        var profile = Json.mapper().createObjectNode();
        var defaultAction = pick(ACTIONS);
        action(profile, "defaultAction", "defaultErrnoRet", defaultAction);
        profile.putArray("architectures")
                .add("SCMP_ARCH_X86_64")
                .add("SCMP_ARCH_X86")
                .add("SCMP_ARCH_X32");
        var syscalls = profile.putArray("syscalls");
        var taken = new ArrayList<>(CALLS);
        for (int rules = random.nextInt(12); rules > 0 && !taken.isEmpty(); rules--) {
            var call = pick(taken);
            if (oneActionPerCall) {
                taken.remove(call);
            }
            var action = pick(ACTIONS);
            if (action.equals(defaultAction)) {
                continue;
            }
            int errno = 1 + random.nextInt(4095);
            int times = oneActionPerCall && widest < 64 ? 1 + random.nextInt(3) : 1;
            int most = oneActionPerCall && times > 1 ? 2 : 4;
            for (int again = times; again > 0; again--) {
                var rule = syscalls.addObject();
                rule.putArray("names").add(call);
                action(rule, "action", "errnoRet", action);
                if (rule.has("errnoRet")) {
                    rule.put("errnoRet", errno);
                }
                var args = rule.putArray("args");
                for (int count = random.nextInt(most); count > 0; count--) {
                    var condition = args.addObject();
                    condition(condition, call);
                    boolean repeated = count(args, condition.path("index")) > 1;
                    if (repeated && oneActionPerCall && widest == 64) {
                        args.remove(args.size() - 1);
                    }
                }
            }
        }
        return profile;
    }

    private static long count(ArrayNode conditions, JsonNode index) {
        return conditions.findValues("index").stream().filter(index::equals).count();
    }

    private void condition(ObjectNode condition, String call) {
        int index = random.nextInt(6);
        int width = SyscallTable.of(Architecture.X86_64).width(call, index);
        long value = value(Math.min(width, widest));
        var op = pick(OPS);
        condition.put("index", index).put("op", "SCMP_CMP_" + op).put("value", unsigned(value));
        if (op.equals("MASKED_EQ")) {
            condition.put("valueTwo", unsigned(value & random.nextLong()));
        }
    }

    /** An argument value: from a few, so that comparisons are close, or any at all. */
    long value(int width) {
        long any =
                switch (random.nextInt(5)) {
                    case 0 -> random.nextInt(4);
                    case 1 -> 1L << random.nextInt(64);
                    case 2 -> (1L << random.nextInt(64)) - 1;
                    case 3 -> (long) random.nextInt(3) << 32 | random.nextInt(3);
                    default -> random.nextLong();
                };
        return width == 64 ? any : any & (1L << width) - 1;
    }

    long[] arguments(Architecture architecture, String call, boolean highBitsToo) {
        var arguments = new long[6];
        for (int i = 0; i < 6; i++) {
            int width = SyscallTable.of(architecture).width(call, i);
            arguments[i] = value(Math.min(highBitsToo ? 64 : width, widest));
        }
        return arguments;
    }

    String call() {
        return pick(CALLS);
    }

    private void action(ObjectNode node, String name, String errno, String action) {
        node.put(name, "SCMP_ACT_" + action);
        if (action.equals("ERRNO") || action.equals("TRACE")) {
            node.put(errno, 1 + random.nextInt(4095));
        }
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }
}
