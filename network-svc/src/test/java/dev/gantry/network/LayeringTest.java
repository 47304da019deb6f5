package dev.gantry.network;

import dev.gantry.bus.testing.LayeringRules;

import org.junit.jupiter.api.Test;

class LayeringTest {
    @Test
    void theServiceDependsOnTheBusAloneAndCallsTheKernelInOnePackage() {
        var classes = LayeringRules.classesOf("dev.gantry.network");

        LayeringRules.dependsOnBusAlone("dev.gantry.network").check(classes);
        LayeringRules.PACKAGES_HAVE_NO_CYCLES.check(classes);
        LayeringRules.foreignMemoryOnlyIn("dev.gantry.network.kernel").check(classes);
    }
}
