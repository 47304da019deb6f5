package dev.gantry.orchestrator.build.dockerfile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Whatever is done to a Dockerfile, it is read, or refused with file and line. */
class DockerfileMutationTest {
    private static final int ROUNDS = 20_000;
    private static final List<String> PIECES =
            List.of(
                    "\\",
                    "\n",
                    "\\\n",
                    "`",
                    "\"",
                    "'",
                    "$",
                    "${",
                    "}",
                    ":-",
                    "%%",
                    "//",
                    "<<",
                    "<<-",
                    "<<EOF",
                    "EOF",
                    "=",
                    "[",
                    "]",
                    ",",
                    "--",
                    "--mount=",
                    "type=",
                    "#",
                    "# escape=`",
                    "FROM ",
                    "RUN ",
                    "COPY ",
                    "ENV ",
                    "ONBUILD ",
                    "HEALTHCHECK ",
                    "AS",
                    "\0",
                    "\r",
                    "\ufeff",
                    "\ud800",
                    "é",
                    " ",
                    "\t");

    private static List<String> dockerfiles() throws IOException {
        var texts = new ArrayList<String>();
        try (var directories = Files.list(Path.of("src/test/dockerfiles"))) {
            for (var directory : directories.sorted().toList()) {
                var file = directory.resolve("Dockerfile");
                if (Files.exists(file)) {
                    texts.add(Files.readString(file));
                }
            }
        }
        return texts;
    }

    private static String mutated(String text, Random random) {
        var changed = new StringBuilder(text);
        for (int i = 0; i <= random.nextInt(6); i++) {
            int at = random.nextInt(changed.length() + 1);
            switch (random.nextInt(3)) {
                case 0 -> changed.insert(at, PIECES.get(random.nextInt(PIECES.size())));
                case 1 -> changed.delete(at, Math.min(changed.length(), at + random.nextInt(12)));
                default -> {
                    int end = Math.min(changed.length(), at + random.nextInt(60));
                    changed.insert(
                            random.nextInt(changed.length() + 1), changed.substring(at, end));
                }
            }
        }
        return changed.toString();
    }

    @Test
    void isReadOrRefusedWithFileAndLine() throws IOException {
        var random = new Random(20261126);
        var texts = dockerfiles();
        assertThat(texts).hasSizeGreaterThan(15);
        int read = 0;
        for (int i = 0; i < ROUNDS; i++) {
            var text = mutated(texts.get(random.nextInt(texts.size())), random);
            try {
                var dockerfile = Dockerfile.parse("Dockerfile", text);
                dockerfile.stages().forEach(DockerfileMutationTest::expand);
                read++;
            } catch (FaultException e) {
                assertThat(e.getMessage()).as(text).matches("(?s)Dockerfile:[0-9]+: .+");
            }
        }
        // Neither all nor none: the mutations do reach what they are to reach.
        assertThat(read).isBetween(ROUNDS / 10, ROUNDS * 9 / 10);
    }

    private static void expand(Stage stage) {
        var variables = Map.of("A", "a", "ONE", "1", "EMPTY", "");
        for (var instruction : stage.instructions()) {
            if (instruction instanceof Instruction.Env env) {
                for (var pair : env.pairs()) {
                    Expansion.word(
                            env.place(),
                            '\\',
                            name -> Optional.ofNullable(variables.get(name)),
                            pair.value());
                }
            }
        }
    }
}
