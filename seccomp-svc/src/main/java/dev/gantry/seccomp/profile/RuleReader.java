package dev.gantry.seccomp.profile;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads one entry of {@code syscalls}. A rule that does not apply to this container is checked like
 * the others, so that a wrong profile is wrong everywhere.
 */
final class RuleReader {
    /** Entries of a list inside a rule; Docker's longest is below 400. */
    private static final int MAX_NAMES = 2048;

    private static final int MAX_ARGUMENTS = 64;
    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,64}");

    private final Host host;
    private final Set<String> capabilities;
    private final boolean listener;

    RuleReader(Host host, Set<String> capabilities, boolean listener) {
        this.listener = listener;
        this.host = host;
        this.capabilities = capabilities;
    }

    /** The rule, if it applies. */
    Optional<Rule> read(int index, JsonNode node) {
        var unnamed = new Fields(node, "rule " + index);
        var names = names(unnamed);
        var where = "rule " + index + " (" + shown(names) + ")";
        var fields = unnamed.in(where);
        var action = action(fields, "action", "errnoRet");
        if (action.kind() == Action.Kind.NOTIFY) {
            checkNotify(fields, names);
        }
        var alternatives = alternatives(fields);
        boolean applies =
                fields.object("includes").map(this::included).orElse(true)
                        & !fields.object("excludes").map(this::excluded).orElse(false);
        return applies
                ? Optional.of(new Rule(index, names, action, alternatives))
                : Optional.empty();
    }

    private static List<String> names(Fields fields) {
        var name = fields.text("name").filter(text -> !text.isEmpty());
        var names = fields.texts("names", MAX_NAMES);
        if (name.isPresent() && !names.isEmpty()) {
            throw fields.in(fields.where() + " (" + Names.quote(name.get()) + ")")
                    .wrong("has both name and names");
        }
        var all = name.map(List::of).orElse(names);
        if (all.isEmpty()) {
            throw fields.wrong("names no system call");
        }
        for (var one : all) {
            if (!NAME.matcher(one).matches()) {
                throw fields.wrong("%s is not the name of a system call", Names.quote(one));
            }
        }
        return all;
    }

    private static String shown(List<String> names) {
        return names.size() == 1
                ? names.getFirst()
                : names.getFirst() + " and " + (names.size() - 1) + " more";
    }

    /** An action and its errno; EPERM where none is given (OCI runtime specification, seccomp). */
    static Action action(Fields fields, String actionName, String errnoName) {
        var text = fields.requiredText(actionName);
        var kind =
                Action.Kind.named(text)
                        .orElseThrow(
                                () ->
                                        fields.wrong(
                                                "%s %s is unknown", actionName, Names.quote(text)));
        int data =
                switch (kind) {
                    case ERRNO -> fields.integer(errnoName, 1, 4095).orElse(1);
                    case TRACE -> fields.integer(errnoName, 0, 65535).orElse(1);
                    case KILL_PROCESS, KILL_THREAD, TRAP, NOTIFY, LOG, ALLOW -> {
                        if (fields.get(errnoName).isPresent()) {
                            throw fields.wrong("%s cannot go with %s", errnoName, text);
                        }
                        yield 0;
                    }
                };
        return new Action(kind, data);
    }

    private void checkNotify(Fields fields, List<String> names) {
        // That there is a descriptor to hand over is told by write(2): the filter would wait for
        // itself.
        if (names.contains("write")) {
            throw fields.wrong(
                    "SCMP_ACT_NOTIFY cannot be used for the write syscall: it would stop the"
                            + " listener itself");
        }
        if (!listener) {
            throw fields.wrong("SCMP_ACT_NOTIFY needs a listenerPath: who is to be asked");
        }
    }

    /**
     * Conditions are joined by "and"; where two are about the same argument they are joined by "or"
     * instead, which is what runc and crun make of such a rule.
     */
    private static List<List<Condition>> alternatives(Fields fields) {
        var conditions = new ArrayList<Condition>();
        for (var node : fields.list("args", MAX_ARGUMENTS)) {
            conditions.add(condition(new Fields(node, fields.where())));
        }
        long distinct = conditions.stream().mapToInt(Condition::index).distinct().count();
        return distinct < conditions.size()
                ? conditions.stream().map(List::of).toList()
                : List.of(List.copyOf(conditions));
    }

    private static Condition condition(Fields fields) {
        int index =
                fields.integer("index", 0, 5)
                        .orElseThrow(() -> fields.wrong("a condition has no index"));
        var text = fields.requiredText("op");
        var comparison =
                Comparison.named(text)
                        .orElseThrow(() -> fields.wrong("op %s is unknown", Names.quote(text)));
        long value = fields.uint64("value").orElse(0L);
        long valueTwo = fields.uint64("valueTwo").orElse(0L);
        if (comparison == Comparison.MASKED_EQ && (valueTwo & ~value) != 0) {
            throw fields.wrong("argument %d & 0x%x can never equal 0x%x", index, value, valueTwo);
        }
        return new Condition(
                index, comparison, value, comparison == Comparison.MASKED_EQ ? valueTwo : 0);
    }

    private boolean included(Fields filter) {
        var arches = filter.texts("arches", MAX_ARGUMENTS);
        return (arches.isEmpty() || arches.contains(host.goArchitecture()))
                & capabilities.containsAll(filter.texts("caps", MAX_ARGUMENTS))
                & kernelReached(filter).orElse(true);
    }

    private boolean excluded(Fields filter) {
        return filter.texts("arches", MAX_ARGUMENTS).contains(host.goArchitecture())
                | filter.texts("caps", MAX_ARGUMENTS).stream().anyMatch(capabilities::contains)
                | kernelReached(filter).orElse(false);
    }

    private Optional<Boolean> kernelReached(Fields filter) {
        return filter.text("minKernel")
                .filter(text -> !text.isEmpty())
                .map(
                        text -> {
                            if (!text.matches("\\d{1,6}\\.\\d{1,6}")) {
                                throw filter.wrong(
                                        "minKernel %s is not like 4.8", Names.quote(text));
                            }
                            var numbers = text.split("\\.");
                            return host.atLeast(
                                    Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
                        });
    }
}
