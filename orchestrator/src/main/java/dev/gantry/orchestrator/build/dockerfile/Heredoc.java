package dev.gantry.orchestrator.build.dockerfile;

/**
 * A text that follows an instruction.
 *
 * @param word as it stands in the instruction, for example {@code <<-"EOF"}
 * @param name of its end and, in COPY, of its file
 * @param content its lines, each with its end
 * @param expand whether variables in it are replaced: its name was not quoted
 */
public record Heredoc(String word, String name, String content, boolean expand) {}
