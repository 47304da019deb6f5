package dev.gantry.orchestrator.build.dockerfile;

import java.util.List;

/**
 * An instruction as it stands, lines joined.
 *
 * @param keyword in capitals
 * @param flags {@code --name=value} before the arguments, without the dashes
 * @param rest the arguments
 */
record Statement(
        Place place,
        String keyword,
        List<String> flags,
        String rest,
        List<Heredoc> heredocs,
        char escape) {
    Statement {
        flags = List.copyOf(flags);
        heredocs = List.copyOf(heredocs);
    }
}
