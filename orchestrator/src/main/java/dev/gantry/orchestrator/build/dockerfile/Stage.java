package dev.gantry.orchestrator.build.dockerfile;

import java.util.List;
import java.util.Optional;

/**
 * A stage: FROM and what follows it.
 *
 * @param base an image, a stage or {@code scratch}, not expanded
 * @param platform likewise
 */
public record Stage(
        Place place,
        String text,
        String base,
        Optional<String> platform,
        Optional<String> name,
        List<Instruction> instructions) {
    /** Instructions never change. */
    public Stage {
        instructions = List.copyOf(instructions);
    }
}
