package dev.gantry.orchestrator.build;

import dev.gantry.orchestrator.build.dockerfile.Dockerfile;
import dev.gantry.orchestrator.build.dockerfile.Instruction;
import dev.gantry.orchestrator.build.dockerfile.Place;
import dev.gantry.orchestrator.build.dockerfile.RunMount;
import dev.gantry.orchestrator.build.dockerfile.Stage;

import java.util.BitSet;
import java.util.Locale;
import java.util.OptionalInt;

/** Which stage a name or a number means, and which stages one needs. */
final class StageNames {
    private final Dockerfile dockerfile;

    StageNames(Dockerfile dockerfile) {
        this.dockerfile = dockerfile;
    }

    /** A stage before the given one, by its name; empty: an image. */
    OptionalInt base(String name, int before) {
        var wanted = name.toLowerCase(Locale.ROOT);
        for (int i = before - 1; i >= 0; i--) {
            if (dockerfile.stages().get(i).name().filter(wanted::equals).isPresent()) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    /** A stage before the given one, by its name or number, of {@code --from}; empty: an image. */
    OptionalInt from(Place place, String name, int before) {
        if (name.contains("$")) {
            throw place.refuse("--from=%s: variables are not replaced there", name);
        }
        if (name.matches("[0-9]{1,4}")) {
            int number = Integer.parseInt(name);
            if (number >= before) {
                throw place.refuse(
                        "--from=%s: only the stages 0 to %d are before it", name, before - 1);
            }
            return OptionalInt.of(number);
        }
        var found = base(name, before);
        var wanted = name.toLowerCase(Locale.ROOT);
        boolean later =
                dockerfile.stages().stream()
                        .anyMatch(stage -> stage.name().filter(wanted::equals).isPresent());
        if (found.isEmpty() && later) {
            throw place.refuse("--from=%s: the stage %s is not before it", name, name);
        }
        return found;
    }

    /** The stage that is to be built: by its name or number, or the last. */
    int target(java.util.Optional<String> target) {
        int count = dockerfile.stages().size();
        if (target.isEmpty()) {
            return count - 1;
        }
        var last = dockerfile.stages().getLast().place();
        var found = base(target.get(), count);
        if (found.isPresent()) {
            return found.getAsInt();
        }
        if (target.get().matches("[0-9]{1,4}") && Integer.parseInt(target.get()) < count) {
            return Integer.parseInt(target.get());
        }
        throw new Place(last.file(), 1).refuse("no stage %s", target.get());
    }

    /** All stages that a stage needs, itself among them, as far as its text says so. */
    BitSet needs(int stage) {
        var needed = new BitSet();
        add(stage, needed);
        return needed;
    }

    private void add(int index, BitSet needed) {
        if (needed.get(index)) {
            return;
        }
        needed.set(index);
        var stage = dockerfile.stages().get(index);
        base(stage.base(), index).ifPresent(below -> add(below, needed));
        for (var instruction : stage.instructions()) {
            references(stage, instruction, index, needed);
        }
    }

    private void references(Stage stage, Instruction instruction, int index, BitSet needed) {
        switch (instruction) {
            case Instruction.Copy copy when !copy.from().isEmpty() ->
                    from(copy.place(), copy.from(), index).ifPresent(i -> add(i, needed));
            case Instruction.Run run -> {
                for (var mount : run.mounts()) {
                    if (!mount.contains("$")
                            && RunMount.parse(run.place(), mount) instanceof RunMount.Bind bind
                            && !bind.from().isEmpty()) {
                        from(run.place(), bind.from(), index).ifPresent(i -> add(i, needed));
                    }
                }
            }
            default -> {
                // Refers to no stage.
            }
        }
    }
}
