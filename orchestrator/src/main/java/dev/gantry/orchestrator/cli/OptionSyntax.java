package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the values of several options look like. */
final class OptionSyntax {
    private static final int LONGEST_FILE = 1 << 20;

    private OptionSyntax() {}

    /** {@code KEY=VALUE} of each text. */
    static Map<String, String> pairs(String option, List<String> texts, boolean valueOptional) {
        var map = new LinkedHashMap<String, String>();
        for (var text : texts) {
            int equals = text.indexOf('=');
            if (equals == 0 || text.isEmpty() || equals < 0 && !valueOptional) {
                throw FaultException.invalid("%s %s is not KEY=VALUE", option, Names.quote(text));
            }
            map.put(
                    equals < 0 ? text : text.substring(0, equals),
                    equals < 0 ? "" : text.substring(equals + 1));
        }
        return map;
    }

    /** The text of a file that an option names; one without end is refused like a long one. */
    static String text(String option, Path file) {
        try (var in = Files.newInputStream(file)) {
            var bytes = in.readNBytes(LONGEST_FILE + 1);
            if (bytes.length > LONGEST_FILE) {
                throw FaultException.invalid(
                        "%s %s has more than %d bytes", option, file, LONGEST_FILE);
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw FaultException.invalid("%s %s cannot be read: %s", option, file, e);
        }
    }

    /** A whole number. */
    static int number(String option, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw FaultException.invalid("%s %s is not a number", option, Names.quote(text));
        }
    }
}
