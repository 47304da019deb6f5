package dev.gantry.orchestrator;

import dev.gantry.bus.testing.LayeringRules;

import org.junit.jupiter.api.Test;

class LayeringTest {
    private static final String ROOT = "dev.gantry.orchestrator";

    @Test
    void dependsOnTheBusAloneAndHasNoCycles() {
        var classes = LayeringRules.classesOf(ROOT);

        LayeringRules.dependsOnBusAlone(ROOT).check(classes);
        LayeringRules.PACKAGES_HAVE_NO_CYCLES.check(classes);
        LayeringRules.foreignMemoryOnlyIn(ROOT + ".cli", ROOT + ".oci").check(classes);
    }
}
