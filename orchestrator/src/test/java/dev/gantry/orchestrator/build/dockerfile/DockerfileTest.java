package dev.gantry.orchestrator.build.dockerfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;
import java.util.Map;
import java.util.Optional;

class DockerfileTest {
    private static final Place HERE = new Place("Dockerfile", 1);

    private static Stage only(String text) {
        var stages = Dockerfile.parse("Dockerfile", text).stages();
        assertThat(stages).hasSize(1);
        return stages.getFirst();
    }

    private static Instruction first(String instruction) {
        return only("FROM scratch\n" + instruction + "\n").instructions().getFirst();
    }

    private static String expanded(String text, Map<String, String> variables) {
        return Expansion.word(HERE, '\\', name -> Optional.ofNullable(variables.get(name)), text);
    }

    @Test
    void linesAreContinuedAndCommentsBetweenThemDoNotCount() {
        var run =
                (Instruction.Run)
                        first(
                                "RUN echo a && \\\n"
                                        + "  # a comment\n\n"
                                        + "  echo b \\  \n"
                                        + "  && echo 'c # d'");

        assertThat(((Command.Shell) run.command()).script())
                .isEqualTo("echo a &&   echo b   && echo 'c # d'");
        assertThat(run.place().line()).isEqualTo(2);
    }

    @Test
    void theEscapeDirectiveChangesTheEscape() {
        var stage =
                only("# syntax=docker/dockerfile:1\n# escape=`\nFROM scratch\nRUN a `\n b C:\\\n");

        assertThat(
                        ((Command.Shell)
                                        ((Instruction.Run) stage.instructions().getFirst())
                                                .command())
                                .line())
                .isEqualTo("a  b C:\\");
    }

    @Test
    void aHeredocAloneIsTheScriptAndOthersStayTheShells() {
        var alone = (Instruction.Run) first("RUN <<EOF\nset -e\necho $A\nEOF");
        var redirected = (Instruction.Run) first("RUN cat <<-'X' > /f\n\tline\n\tX");

        assertThat(((Command.Shell) alone.command()).script()).isEqualTo("set -e\necho $A\n");
        assertThat(((Command.Shell) redirected.command()).script())
                .isEqualTo("cat <<-'X' > /f\nline\nX");
    }

    @Test
    void heredocsAreFilesOfCopy() {
        var copy = (Instruction.Copy) first("COPY <<one <<\"two\" a /d/\n1 $A\none\n2 $A\ntwo");

        assertThat(copy.sources()).containsExactly("a");
        assertThat(copy.destination()).isEqualTo("/d/");
        assertThat(copy.inline())
                .containsExactly(
                        new Heredoc("<<one", "one", "1 $A\n", true),
                        new Heredoc("<<\"two\"", "two", "2 $A\n", false));
    }

    @Test
    void pairsKeepTheirQuotesAndTheOldFormTakesTheRest() {
        var env = (Instruction.Env) first("ENV A=b C=\"d e\" F=g\\ h");
        var old = (Instruction.Env) first("ENV A b = c");

        assertThat(env.pairs())
                .containsExactly(
                        new Instruction.Pair("A", "b"),
                        new Instruction.Pair("C", "\"d e\""),
                        new Instruction.Pair("F", "g\\ h"));
        assertThat(old.pairs()).containsExactly(new Instruction.Pair("A", "b = c"));
    }

    @Test
    void theExecFormIsWordsAndWhatLooksLikeItAlmostIsALine() {
        var words = (Instruction.Cmd) first("CMD [\"a\", \"b c\"]");
        var line = (Instruction.Cmd) first("CMD [a, b]");

        assertThat(words.command()).isEqualTo(new Command.Exec(List.of("a", "b c")));
        assertThat(line.command()).isEqualTo(new Command.Shell("[a, b]", List.of()));
    }

    @Test
    void stagesHaveNamesAndParametersStandBeforeThem() {
        var dockerfile =
                Dockerfile.parse(
                        "Dockerfile",
                        "ARG BASE=x\nFROM --platform=linux/amd64 ${BASE} AS Build\nFROM build\n");

        assertThat(dockerfile.parameters()).hasSize(1);
        assertThat(dockerfile.stages().getFirst().name()).contains("build");
        assertThat(dockerfile.stages().getFirst().platform()).contains("linux/amd64");
        assertThat(dockerfile.stages().get(1).base()).isEqualTo("build");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "$A-x|v-x",
                "${A}x|vx",
                "${NO:-w}|w",
                "${EMPTY:-w}|w",
                "${EMPTY-w}|~~",
                "${A:+w}|w",
                "${NO+w}|~~",
                "${NO:-${A}!}|v!",
                "'$A'|$A",
                "\"$A \\$A\"|v $A",
                "\\$A|$A",
                "a\\ b|a b",
                "${P%.*}|dir/file.tar",
                "${P%%.*}|dir/file",
                "${P#*/}|file.tar.gz",
                "${P##*.}|gz",
                "${P/tar/zip}|dir/file.zip.gz",
                "${P//r/R}|diR/file.taR.gz",
                "$NO|~~",
                "100$|100$"
            })
    void variablesAreReplaced(String text, String result) {
        var variables = Map.of("A", "v", "EMPTY", "", "P", "dir/file.tar.gz");

        assertThat(expanded(text, variables)).isEqualTo(result);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RUN true|1",
                "FROM scratch\\nFLY away|2",
                "FROM scratch\\n\\nRUN|3",
                "FROM scratch\\nRUN <<EOF\\nnever ended|2",
                "FROM scratch\\nCOPY a|2",
                "FROM scratch\\nCOPY --colour=red a b|2",
                "FROM scratch\\nADD https://example.org/x /|2",
                "FROM scratch\\nRUN --mount=type=ssh true|2",
                "FROM scratch\\nRUN --mount=type=cache true|2",
                "FROM scratch\\nRUN --security=insecure true|2",
                "FROM scratch\\nSHELL /bin/sh|2",
                "FROM scratch\\nHEALTHCHECK --interval=soon CMD true|2",
                "FROM scratch\\nONBUILD FROM x|2",
                "FROM scratch\\nENV A|2",
                "FROM scratch AS a\\nFROM scratch AS A|2",
                "FROM a b c d|1",
                "# escape=x\\nFROM scratch|1"
            })
    void whatIsWrongIsNamedWithFileAndLine(String text, int line) {
        assertThatThrownBy(() -> Dockerfile.parse("Dockerfile", text.replace("\\n", "\n")))
                .isInstanceOf(FaultException.class)
                .hasMessageStartingWith("Dockerfile:" + line + ": ");
    }

    @Test
    void aFileWithoutEndIsRefusedByItsLine() {
        var text = "FROM scratch\nRUN " + "x".repeat(100 << 20);

        assertThatThrownBy(() -> Dockerfile.parse("Dockerfile", text))
                .isInstanceOf(FaultException.class)
                .hasMessageStartingWith("Dockerfile:2: ");
    }

    @Test
    void variablesThatRepeatEachOtherAreBounded() {
        var variables = Map.of("A", "x".repeat(100_000));
        var text = "$A".repeat(20);

        assertThatThrownBy(() -> expanded(text, variables))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("more than 1048576 characters");
        assertThatThrownBy(() -> expanded("${N:-".repeat(100) + "}".repeat(100), variables))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("deep");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "type=cache,target=/c|Cache[target=/c, id=/c, sharing=shared, readOnly=false,"
                        + " mode=493, uid=0, gid=0]",
                "target=/b,from=x,source=/s|Bind[target=/b, from=x, source=/s, writable=false]",
                "type=secret,id=s|Secret[target=/run/secrets/s, id=s, required=false, mode=256,"
                        + " uid=0, gid=0]",
                "type=tmpfs,target=/t,size=10|Tmpfs[target=/t, bytes=Optional[10]]"
            })
    void mountsAreRead(String text, String mount) {
        assertThat(RunMount.parse(HERE, text)).hasToString(mount);
    }
}
