package dev.gantry.orchestrator.build.dockerfile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The flags of an instruction, each taken once; what is left over is an error. */
final class Flags {
    private final Statement statement;
    private final Map<String, List<String>> values = new LinkedHashMap<>();

    Flags(Statement statement) {
        this.statement = statement;
        for (var flag : statement.flags()) {
            int equals = flag.indexOf('=');
            values.computeIfAbsent(
                            equals < 0 ? flag : flag.substring(0, equals), n -> new ArrayList<>())
                    .add(equals < 0 ? "" : flag.substring(equals + 1));
        }
    }

    /** A flag that may stand once. */
    Optional<String> one(String name) {
        var all = many(name);
        if (all.size() > 1) {
            throw statement.place().refuse("%s --%s twice", statement.keyword(), name);
        }
        all.stream()
                .filter(String::isEmpty)
                .findFirst()
                .ifPresent(
                        empty -> {
                            throw statement
                                    .place()
                                    .refuse("%s --%s has no value", statement.keyword(), name);
                        });
        return all.stream().findFirst();
    }

    /** A flag that may stand more than once. */
    List<String> many(String name) {
        var found = values.remove(name);
        return found == null ? List.of() : List.copyOf(found);
    }

    /** A flag that is true where it stands without a value. */
    boolean is(String name) {
        var all = many(name);
        if (all.isEmpty()) {
            return false;
        }
        var value = all.getFirst();
        if (all.size() > 1 || !value.matches("|true|false|0|1")) {
            throw statement
                    .place()
                    .refuse(
                            "%s --%s=%s is neither true nor false",
                            statement.keyword(), name, value);
        }
        return !value.matches("false|0");
    }

    /** What Gantry does not do is refused by name. */
    void refuse(String name, String why) {
        if (!many(name).isEmpty()) {
            throw statement
                    .place()
                    .unsupported("%s --%s is not supported: %s", statement.keyword(), name, why);
        }
    }

    /** No flag is left. */
    void done() {
        for (var name : values.keySet()) {
            throw statement.place().refuse("%s has no flag --%s", statement.keyword(), name);
        }
    }
}
