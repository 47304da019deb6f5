package dev.gantry.orchestrator.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.testing.Bench;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** States and what they offer, ids, names, signals. */
class ContainerStateTest {
    private static final Ending ENDING = new Ending(137, 9, 5, true, "why");

    static List<ContainerState> all() {
        var created = ContainerState.Creating.anew().created(7, "/attach");
        var running = created.started(3);
        var stopped = running.paused().exited(ENDING);
        return List.of(
                ContainerState.Creating.anew(),
                created,
                running,
                running.paused(),
                stopped,
                stopped.releasedNow(),
                stopped.recreating(),
                stopped.removing());
    }

    @Test
    void everyStateSurvivesTheDisk() throws Exception {
        for (var state : all()) {
            var record =
                    ContainerRecord.creating(ContainerIds.fresh(), "name", 1, Bench.spec(Map.of()))
                            .with(state);
            var text = Json.mapper().writeValueAsString(record);

            assertThat(Json.mapper().readValue(text, ContainerRecord.class)).isEqualTo(record);
        }
    }

    @Test
    void aPausedContainerThatIsKilledHasItsStart() {
        var stopped = new ContainerState.Running(7, "", 3).paused().exited(ENDING);

        assertThat(stopped.startedNanos()).isEqualTo(3);
        assertThat(stopped.released()).isFalse();
        assertThat(stopped.recreating().before()).contains(stopped);
    }

    @Test
    void idsAreUniqueAndNeverLookLikeNumbers() {
        var ids = Stream.generate(ContainerIds::fresh).limit(2000).toList();

        assertThat(ids).doesNotHaveDuplicates().allMatch(id -> id.matches("[0-9a-f]{64}"));
        assertThat(ids).noneMatch(id -> id.substring(0, 12).matches("[0-9]+"));
        assertThat(ContainerIds.freshExec()).hasSize(32);
    }

    @Test
    void namesFitTheirGrammarAndAFreeOneIsFound() {
        assertThat(IntStream.range(0, 40).mapToObj(ContainerNames::random))
                .allMatch(name -> name.matches("[a-z]+_[a-z]+[0-9]*"));
    }

    @ParameterizedTest
    @CsvSource({
        "TERM,15",
        "SIGKILL,9",
        "sighup,1",
        "9,9",
        "64,64",
        "RTMIN+3,37",
        "SIGRTMAX-1,63",
        "WINCH,28",
        "USR2,12",
        "SYS,31"
    })
    void signalsHaveTheirNumbers(String name, int number) {
        assertThat(Signals.number(name)).isEqualTo(number);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "65", "-1", "NOTHING", "RTMIN+31", "RTMAX-40", "9\n", "1e1"})
    void whatIsNoSignalIsRefused(String name) {
        assertThatThrownBy(() -> Signals.number(name)).isInstanceOf(FaultException.class);
    }
}
