package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciProcess.Rlimit;
import dev.gantry.bus.fault.FaultException;

import java.util.Locale;
import java.util.Set;

/** Resource limits as {@code --ulimit} writes them: {@code nofile=1024:2048}. */
final class Ulimits {
    private static final Set<String> NAMES =
            Set.of(
                    "as",
                    "core",
                    "cpu",
                    "data",
                    "fsize",
                    "locks",
                    "memlock",
                    "msgqueue",
                    "nice",
                    "nofile",
                    "nproc",
                    "rss",
                    "rtprio",
                    "rttime",
                    "sigpending",
                    "stack");

    private Ulimits() {}

    static Rlimit parse(String text) {
        int equals = text.indexOf('=');
        var name = equals < 0 ? text : text.substring(0, equals);
        if (equals < 0 || !NAMES.contains(name)) {
            throw FaultException.invalid(
                    "--ulimit %s is not NAME=SOFT[:HARD] with one of the names of getrlimit(2)",
                    Names.quote(text));
        }
        var values = text.substring(equals + 1).split(":", -1);
        if (values.length > 2) {
            throw FaultException.invalid("--ulimit %s has more than two values", Names.quote(text));
        }
        long soft = value(text, values[0]);
        long hard = values.length == 2 ? value(text, values[1]) : soft;
        if (hard != -1 && (soft == -1 || soft > hard)) {
            throw FaultException.invalid(
                    "--ulimit %s: the soft limit is above the hard one", Names.quote(text));
        }
        return new Rlimit("RLIMIT_" + name.toUpperCase(Locale.ROOT), soft, hard);
    }

    private static long value(String text, String value) {
        if (value.equals("unlimited") || value.equals("-1")) {
            return -1;
        }
        try {
            long number = Long.parseLong(value);
            if (number >= 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw FaultException.invalid(
                    "--ulimit %s: %s is not a number", Names.quote(text), Names.quote(value));
        }
        throw FaultException.invalid("--ulimit %s: %s is below 0", Names.quote(text), value);
    }
}
