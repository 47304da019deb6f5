package dev.gantry.orchestrator.build.dockerfile;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A Dockerfile, read and checked as far as that is possible without its variables.
 *
 * @param parameters ARG before the first FROM
 */
public record Dockerfile(char escape, List<Instruction.Arg> parameters, List<Stage> stages) {
    private static final int MAX_STAGES = 500;

    /** Neither changes. */
    public Dockerfile {
        parameters = List.copyOf(parameters);
        stages = List.copyOf(stages);
    }

    /**
     * Reads a Dockerfile; an error names the file and the line.
     *
     * @param file its name, for errors
     */
    public static Dockerfile parse(String file, String text) {
        var statements = StatementReader.read(file, text);
        if (statements.isEmpty()) {
            throw new Place(file, 1).refuse("no instruction stands in it");
        }
        var parameters = new ArrayList<Instruction.Arg>();
        var stages = new ArrayList<Stage>();
        var names = new HashSet<String>();
        var instructions = new ArrayList<Instruction>();
        Optional<Stage> open = Optional.empty();
        for (var statement : statements) {
            if (statement.keyword().equals("FROM")) {
                open.ifPresent(stage -> stages.add(with(stage, instructions)));
                instructions.clear();
                var stage = from(statement);
                if (stage.name().isPresent() && !names.add(stage.name().get())) {
                    throw statement.place().refuse("a second stage %s", stage.name().get());
                }
                if (stages.size() >= MAX_STAGES) {
                    throw statement.place().refuse("more than %d stages", MAX_STAGES);
                }
                open = Optional.of(stage);
                continue;
            }
            var instruction = InstructionReader.read(statement);
            if (open.isPresent()) {
                instructions.add(instruction);
            } else if (instruction instanceof Instruction.Arg arg) {
                parameters.add(arg);
            } else {
                throw statement.place().refuse("%s before the first FROM", statement.keyword());
            }
        }
        if (open.isEmpty()) {
            throw statements.getLast().place().refuse("no FROM");
        }
        stages.add(with(open.get(), instructions));
        return new Dockerfile(statements.getFirst().escape(), parameters, stages);
    }

    /** Reads an instruction that an image has for those who build on it. */
    public static Instruction trigger(Place place, String text) {
        return InstructionReader.read(StatementReader.single(place, text, '\\'));
    }

    private static Stage with(Stage stage, List<Instruction> instructions) {
        return new Stage(
                stage.place(),
                stage.text(),
                stage.base(),
                stage.platform(),
                stage.name(),
                instructions);
    }

    private static Stage from(Statement statement) {
        var flags = new Flags(statement);
        var platform = flags.one("platform");
        flags.done();
        var words = RawWords.split(statement.rest(), statement.escape());
        boolean named = words.size() == 3 && words.get(1).equalsIgnoreCase("as");
        if (words.size() != 1 && !named) {
            throw statement.place().refuse("FROM takes an image, or an image, AS and a name");
        }
        var name = named ? Optional.of(words.get(2).toLowerCase(Locale.ROOT)) : none();
        name.ifPresent(
                n -> {
                    if (!n.matches("[a-z][a-z0-9-_.]*") || n.equals("scratch")) {
                        throw statement.place().refuse("%s is no name for a stage", n);
                    }
                });
        return new Stage(
                statement.place(),
                "FROM " + statement.rest(),
                words.getFirst(),
                platform,
                name,
                List.of());
    }

    private static Optional<String> none() {
        return Optional.empty();
    }
}
