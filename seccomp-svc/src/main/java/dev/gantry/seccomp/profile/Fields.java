package dev.gantry.seccomp.profile;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A JSON object of a profile, read with errors that say where in the profile they are. A property
 * that is {@code null} is absent, as Docker writes it.
 *
 * @param where for example {@code rule 3 (socket)}
 */
record Fields(JsonNode node, String where) {
    private static final BigInteger UINT64_MAX =
            BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

    Fields {
        if (!node.isObject()) {
            throw FaultException.invalid("%s: is not a JSON object", where);
        }
    }

    Fields in(String otherWhere) {
        return new Fields(node, otherWhere);
    }

    FaultException wrong(String format, Object... arguments) {
        return FaultException.invalid(
                "%s: %s", where, arguments.length == 0 ? format : format.formatted(arguments));
    }

    Optional<JsonNode> get(String name) {
        return Optional.ofNullable(node.get(name)).filter(value -> !value.isNull());
    }

    Optional<String> text(String name) {
        return get(name)
                .map(
                        value -> {
                            if (!value.isTextual()) {
                                throw wrong("%s is not a string", name);
                            }
                            return value.textValue();
                        });
    }

    String requiredText(String name) {
        return text(name).orElseThrow(() -> wrong("%s is missing", name));
    }

    List<JsonNode> list(String name, int most) {
        var list = get(name);
        if (list.isEmpty()) {
            return List.of();
        }
        if (!list.get().isArray()) {
            throw wrong("%s is not an array", name);
        }
        if (list.get().size() > most) {
            throw wrong("%s has %d entries, at most %d are read", name, list.get().size(), most);
        }
        var entries = new ArrayList<JsonNode>(list.get().size());
        list.get().forEach(entries::add);
        return entries;
    }

    List<String> texts(String name, int most) {
        var texts = new ArrayList<String>();
        for (var entry : list(name, most)) {
            if (!entry.isTextual()) {
                throw wrong("%s has an entry that is not a string", name);
            }
            texts.add(entry.textValue());
        }
        return texts;
    }

    Optional<Fields> object(String name) {
        return get(name).map(value -> new Fields(value, where + ": " + name));
    }

    /** A whole number from 0 to 2⁶⁴−1, as the 64 bits of a long. */
    Optional<Long> uint64(String name) {
        return get(name)
                .map(
                        value -> {
                            if (!value.isIntegralNumber()
                                    || value.bigIntegerValue().signum() < 0
                                    || value.bigIntegerValue().compareTo(UINT64_MAX) > 0) {
                                throw wrong(
                                        "%s is %s, not a whole number from 0 to 2^64-1",
                                        name, shown(value));
                            }
                            return value.bigIntegerValue().longValue();
                        });
    }

    /** A whole number from least to most. */
    OptionalInt integer(String name, int least, int most) {
        var value = get(name);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        if (!value.get().isIntegralNumber()
                || !value.get().canConvertToInt()
                || value.get().intValue() < least
                || value.get().intValue() > most) {
            throw wrong(
                    "%s is %s, not a whole number from %d to %d",
                    name, shown(value.get()), least, most);
        }
        return OptionalInt.of(value.get().intValue());
    }

    private static String shown(JsonNode value) {
        return value.isNumber() && value.toString().length() <= 40
                ? value.toString()
                : Names.quote(value.toString());
    }
}
