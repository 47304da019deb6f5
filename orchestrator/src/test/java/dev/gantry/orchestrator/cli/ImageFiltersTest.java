package dev.gantry.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

class ImageFiltersTest {
    private static final Image OLD = image("old", 100, Map.of("kind", "base"), "example/old:1");
    private static final Image MIDDLE = image("middle", 200, Map.of(), "other:2", "old:3");
    private static final Image NEW = image("new", 300, Map.of("kind", "app", "x", ""));
    private static final List<Image> ALL = List.of(OLD, MIDDLE, NEW);

    private static Image image(
            String id, long created, Map<String, String> labels, String... names) {
        var config = new ImageConfig(null, null, null, null, null, labels, null, null, null);
        return new Image(
                id, id, List.of(names), "linux", "amd64", created, 0, List.of(), config, "", false);
    }

    private static List<Image> through(String... filters) {
        var filter = ImageFilters.of(List.of(filters), ImageFiltersTest::find);
        return ALL.stream().filter(filter).toList();
    }

    private static Image find(String name) {
        return ALL.stream()
                .filter(image -> image.id().equals(name))
                .findFirst()
                .orElseThrow(NoSuchElementException::new);
    }

    @Test
    void eachFilterLetsThroughWhatItNames() {
        assertThat(through()).isEqualTo(ALL);
        assertThat(through("dangling=true")).containsExactly(NEW);
        assertThat(through("dangling=false")).containsExactly(OLD, MIDDLE);
        assertThat(through("label=kind")).containsExactly(OLD, NEW);
        assertThat(through("label=kind=app")).containsExactly(NEW);
        assertThat(through("label!=kind=app")).containsExactly(OLD, MIDDLE);
        assertThat(through("before=middle")).containsExactly(OLD);
        assertThat(through("since=middle")).containsExactly(NEW);
        assertThat(through("until=250")).containsExactly(OLD, MIDDLE);
        assertThat(through("until=24h")).isEqualTo(ALL);
        assertThat(through("until=1970-01-01T00:02:00Z")).containsExactly(OLD);
    }

    @Test
    void aReferenceIsAPatternThatDoesNotCrossASlash() {
        assertThat(through("reference=old")).containsExactly(MIDDLE);
        assertThat(through("reference=*/old")).containsExactly(OLD);
        assertThat(through("reference=o*:[23]")).containsExactly(MIDDLE);
        assertThat(through("reference=*/old", "reference=other")).containsExactly(OLD, MIDDLE);
    }

    @Test
    void differentKeysMustAllHoldAndSoMustSeveralLabels() {
        assertThat(through("label=kind", "before=new")).containsExactly(OLD);
        assertThat(through("label=kind", "label=x")).containsExactly(NEW);
        assertThat(through("dangling=true", "before=new")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dangling",
                "dangling=perhaps",
                "color=red",
                "until=yesterday",
                "until=",
                "dangling!=true",
                "reference=[",
                "=x"
            })
    void whatIsNoFilterIsRefusedByName(String filter) {
        assertThatThrownBy(() -> through(filter))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(filter.replaceFirst("[!=].*", ""));
    }
}
