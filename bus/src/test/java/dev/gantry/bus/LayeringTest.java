package dev.gantry.bus;

import com.tngtech.archunit.core.domain.JavaClasses;

import dev.gantry.bus.testing.LayeringRules;

import org.junit.jupiter.api.Test;

final class LayeringTest {
    private static final JavaClasses BUS = LayeringRules.classesOf("dev.gantry.bus");

    @Test
    void contractsAndClientsKnowNoTransport() {
        LayeringRules.CONTRACTS_KNOW_NO_TRANSPORT.check(BUS);
    }

    @Test
    void packagesHaveNoCycles() {
        LayeringRules.PACKAGES_HAVE_NO_CYCLES.check(BUS);
    }

    @Test
    void theBusKnowsNoService() {
        LayeringRules.dependsOnBusAlone("dev.gantry.bus").check(BUS);
    }

    @Test
    void onlyTheFloorCallsTheKernel() {
        LayeringRules.foreignMemoryOnlyIn("dev.gantry.bus.linux..").check(BUS);
    }
}
