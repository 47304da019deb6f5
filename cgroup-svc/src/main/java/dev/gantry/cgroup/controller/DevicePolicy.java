package dev.gantry.cgroup.controller;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.LinuxResources.DeviceRule;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which devices a container may use, reduced to what a v1 list and a short BPF program can both
 * say: all but some, or none but some.
 *
 * <p>It begins with none but {@link #DEFAULTS}. OCI rules are then applied in order: {@code deny a}
 * goes back to that beginning, {@code allow a} opens all, others add or take away. A rule that
 * takes away a part of what a wider one gave cannot be said in this form: UNSUPPORTED, never
 * dropped.
 *
 * @param allowAll whether the exceptions are denials (true) or permissions (false)
 */
public record DevicePolicy(boolean allowAll, List<Rule> exceptions) {
    private static final int MAX_RULES = 512;

    /** No matter which major or minor. */
    public static final long ANY = -1;

    /** What every container gets, as runc and Docker have it: mknod of all, use of these. */
    public static final List<Rule> DEFAULTS =
            List.of(
                    new Rule('c', ANY, ANY, Rule.MKNOD),
                    new Rule('b', ANY, ANY, Rule.MKNOD),
                    new Rule('c', 1, 3, Rule.ALL), // null
                    new Rule('c', 1, 5, Rule.ALL), // zero
                    new Rule('c', 1, 7, Rule.ALL), // full
                    new Rule('c', 1, 8, Rule.ALL), // random
                    new Rule('c', 1, 9, Rule.ALL), // urandom
                    new Rule('c', 5, 0, Rule.ALL), // tty
                    new Rule('c', 5, 1, Rule.ALL), // console: the container's own pty, bound there
                    new Rule('c', 5, 2, Rule.ALL), // ptmx
                    new Rule('c', 136, ANY, Rule.ALL)); // pts/*

    /**
     * One device or a range of them.
     *
     * @param type b or c
     * @param access bits of bpf(2): mknod 1, read 2, write 4
     */
    public record Rule(char type, long major, long minor, int access) {
        public static final int MKNOD = 1;
        public static final int READ = 2;
        public static final int WRITE = 4;
        public static final int ALL = 7;

        boolean contains(Rule other) {
            return type == other.type
                    && (major == ANY || major == other.major)
                    && (minor == ANY || minor == other.minor);
        }

        boolean meets(Rule other) {
            return type == other.type
                    && (access & other.access) != 0
                    && (major == ANY || other.major == ANY || major == other.major)
                    && (minor == ANY || other.minor == ANY || minor == other.minor);
        }

        Rule with(int access) {
            return new Rule(type, major, minor, access);
        }

        /** As {@code devices.allow} takes it, for example {@code c 136:* rwm}. */
        public String line() {
            return "%s %s:%s %s%s%s"
                    .formatted(
                            type,
                            number(major),
                            number(minor),
                            (access & READ) == 0 ? "" : "r",
                            (access & WRITE) == 0 ? "" : "w",
                            (access & MKNOD) == 0 ? "" : "m");
        }

        private static String number(long value) {
            return value == ANY ? "*" : Long.toString(value);
        }
    }

    /** The defaults, changed by OCI's rules in their order. */
    public static DevicePolicy of(List<DeviceRule> rules) {
        if (rules.size() > MAX_RULES) {
            throw FaultException.invalid("%d device rules, at most %d", rules.size(), MAX_RULES);
        }
        var policy = new DevicePolicy(false, DEFAULTS);
        for (var rule : rules) {
            policy = policy.then(rule);
        }
        return policy;
    }

    private DevicePolicy then(DeviceRule rule) {
        int access = access(rule);
        if (rule.type().equals("a")) {
            if (access != Rule.ALL
                    || number("major", rule.major()) != ANY
                    || number("minor", rule.minor()) != ANY) {
                throw FaultException.invalid(
                        "device rule of type a stands for all devices and rwm; give b or c");
            }
            return rule.allow()
                    ? new DevicePolicy(true, List.of())
                    : new DevicePolicy(false, DEFAULTS);
        }
        if (!rule.type().equals("b") && !rule.type().equals("c")) {
            throw FaultException.invalid(
                    "device type %s is not a, b or c", Names.quote(rule.type()));
        }
        var exact =
                new Rule(
                        rule.type().charAt(0),
                        number("major", rule.major()),
                        number("minor", rule.minor()),
                        access);
        return new DevicePolicy(
                allowAll, rule.allow() == allowAll ? without(exact, rule.allow()) : plus(exact));
    }

    private List<Rule> plus(Rule rule) {
        var list = new ArrayList<>(exceptions);
        for (int i = 0; i < list.size(); i++) {
            var other = list.get(i);
            if (other.contains(rule) && rule.contains(other)) {
                list.set(i, other.with(other.access() | rule.access()));
                return List.copyOf(list);
            }
        }
        // In the order in which they were given, before what every container gets.
        int at = 0;
        while (at < list.size() && !DEFAULTS.contains(list.get(at))) {
            at++;
        }
        list.add(at, rule);
        return List.copyOf(list);
    }

    private List<Rule> without(Rule rule, boolean allow) {
        var list = new ArrayList<Rule>();
        for (var other : exceptions) {
            if (!rule.meets(other)) {
                list.add(other);
            } else if (rule.contains(other)) {
                int left = other.access() & ~rule.access();
                if (left != 0) {
                    list.add(other.with(left));
                }
            } else {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "device rule %s %s lies inside the wider rule %s: device lists cannot"
                                + " express that",
                        allow ? "allow" : "deny",
                        rule.line(),
                        other.line());
            }
        }
        return List.copyOf(list);
    }

    private static int access(DeviceRule rule) {
        int access = 0;
        for (char c : rule.access().toCharArray()) {
            access |=
                    switch (c) {
                        case 'r' -> Rule.READ;
                        case 'w' -> Rule.WRITE;
                        case 'm' -> Rule.MKNOD;
                        default ->
                                throw FaultException.invalid(
                                        "device access %s is not made of r, w, m",
                                        Names.quote(rule.access()));
                    };
        }
        if (access == 0) {
            throw FaultException.invalid("device rule without access: give some of r, w, m");
        }
        return access;
    }

    /** OCI writes "any" by leaving the number out, or as −1. */
    private static long number(String what, Optional<Long> number) {
        long value = number.orElse(ANY);
        if (value < ANY || value > 0xFFFFF) {
            throw FaultException.invalid("device %s %d is no device number", what, value);
        }
        return value;
    }
}
