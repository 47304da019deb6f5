package dev.gantry.orchestrator.build.dockerfile;

import java.util.List;

/** A command to run: a line for the shell, or words. */
public sealed interface Command {
    /**
     * A line for the shell.
     *
     * @param heredocs whose bodies follow it
     */
    record Shell(String line, List<Heredoc> heredocs) implements Command {
        /** Heredocs never change. */
        public Shell {
            heredocs = List.copyOf(heredocs);
        }

        /** What the shell is given: a heredoc alone is the script itself. */
        public String script() {
            if (heredocs.size() == 1 && line.equals(heredocs.getFirst().word())) {
                return heredocs.getFirst().content();
            }
            var script = new StringBuilder(line);
            for (var heredoc : heredocs) {
                script.append('\n').append(heredoc.content()).append(heredoc.name());
            }
            return script.toString();
        }
    }

    /** Words, the program first. */
    record Exec(List<String> words) implements Command {
        /** Words never change. */
        public Exec {
            words = List.copyOf(words);
        }
    }
}
