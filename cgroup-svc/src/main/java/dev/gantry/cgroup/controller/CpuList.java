package dev.gantry.cgroup.controller;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.BitSet;
import java.util.regex.Pattern;

/**
 * A list in cpuset(7) form, for example {@code 0-2,5}. Its numbers are bounded before any is
 * expanded (security.md row 21: {@code 0-4294967295} took engines down).
 */
public final class CpuList {
    /** The kernel's CONFIG_NR_CPUS and MAX_NUMNODES are at most this. */
    private static final int MAX = 8192;

    private static final int MAX_TEXT = 16 * 1024;
    private static final Pattern RANGE = Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?");

    private CpuList() {}

    /** The numbers of a list; INVALID_ARGUMENT if it is none. */
    public static BitSet parse(String file, String list) {
        var set = new BitSet();
        if (list.length() > MAX_TEXT) {
            throw FaultException.invalid("%s: a list of %d characters", file, list.length());
        }
        for (var part : list.split(",", -1)) {
            var range = RANGE.matcher(part);
            if (!range.matches()) {
                throw FaultException.invalid(
                        "%s %s is not a list such as 0-2,5 of numbers below %d",
                        file, Names.quote(list), MAX);
            }
            int from = Integer.parseInt(range.group(1));
            int to = range.group(2) == null ? from : Integer.parseInt(range.group(2));
            if (to < from || to >= MAX) {
                throw FaultException.invalid(
                        "%s %s: %s is no range below %d", file, Names.quote(list), part, MAX);
            }
            set.set(from, to + 1);
        }
        return set;
    }

    /** The list, if all of it is in what the host offers; else INVALID_ARGUMENT. */
    public static String checkWithin(String file, String list, String offered) {
        var missing = parse(file, list);
        missing.andNot(parse(file, offered));
        if (!missing.isEmpty()) {
            throw FaultException.invalid(
                    "%s %s asks for %d, the host offers %s",
                    file, Names.quote(list), missing.nextSetBit(0), offered);
        }
        return list;
    }
}
