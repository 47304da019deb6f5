package dev.gantry.orchestrator.model;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Signal names and numbers, signal(7); those of x86 and ARM, which are the same. */
public final class Signals {
    /** SIGKILL. */
    public static final int KILL = 9;

    /** SIGTERM. */
    public static final int TERM = 15;

    private static final int RTMIN = 34;
    private static final int RTMAX = 64;
    private static final Map<String, Integer> NUMBERS = new TreeMap<>();

    static {
        var names =
                ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD"
                     + " CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS")
                        .split(" ");
        for (int i = 0; i < names.length; i++) {
            NUMBERS.put(names[i], i + 1);
        }
        NUMBERS.put("IOT", 6);
        NUMBERS.put("POLL", 29);
        NUMBERS.put("RTMIN", RTMIN);
        NUMBERS.put("RTMAX", RTMAX);
    }

    private Signals() {}

    /** The number of {@code TERM}, {@code SIGTERM}, {@code 15} or {@code RTMIN+3}. */
    public static int number(String text) {
        var word = text.toUpperCase(Locale.ROOT);
        word = word.startsWith("SIG") ? word.substring(3) : word;
        var known = NUMBERS.get(word);
        if (known != null) {
            return known;
        }
        try {
            int number =
                    word.startsWith("RTMIN+")
                            ? RTMIN + Integer.parseInt(word.substring(6))
                            : word.startsWith("RTMAX-")
                                    ? RTMAX - Integer.parseInt(word.substring(6))
                                    : Integer.parseInt(word);
            boolean realtime = word.startsWith("RT");
            if (number >= (realtime ? RTMIN : 1) && number <= RTMAX) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // Said below, together with numbers out of range.
        }
        throw FaultException.invalid("%s is not a signal of signal(7)", Names.quote(text));
    }
}
