package dev.gantry.namespace;

import dev.gantry.bus.testing.LayeringRules;

import org.junit.jupiter.api.Test;

class LayeringTest {
    private static final String HERE = "dev.gantry.namespace";

    @Test
    void dependsOnTheBusAlone() {
        LayeringRules.dependsOnBusAlone(HERE).check(LayeringRules.classesOf(HERE));
    }

    @Test
    void packagesHaveNoCycles() {
        LayeringRules.PACKAGES_HAVE_NO_CYCLES.check(LayeringRules.classesOf(HERE));
    }

    @Test
    void kernelCallsStandInThePackageOfTheKernelInterface() {
        LayeringRules.foreignMemoryOnlyIn(HERE + ".launcher..")
                .check(LayeringRules.classesOf(HERE));
    }
}
