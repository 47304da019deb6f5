package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the values of several options look like. */
final class OptionSyntax {
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

    /** A whole number. */
    static int number(String option, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw FaultException.invalid("%s %s is not a number", option, Names.quote(text));
        }
    }
}
