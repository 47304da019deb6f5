package dev.gantry.orchestrator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import dev.gantry.bus.testing.LayeringRules;

import org.junit.jupiter.api.Test;

import java.io.FileDescriptor;
import java.nio.file.Path;

class LayeringTest {
    private static final String ROOT = "dev.gantry.orchestrator";

    @Test
    void dependsOnTheBusAloneAndHasNoCycles() {
        var classes = LayeringRules.classesOf(ROOT);

        LayeringRules.dependsOnBusAlone(ROOT).check(classes);
        LayeringRules.PACKAGES_HAVE_NO_CYCLES.check(classes);
        LayeringRules.foreignMemoryOnlyIn(
                        ROOT + ".cli", ROOT + ".oci", ROOT + ".invocation", ROOT + ".resident")
                .check(classes);
    }

    /** They may be another process's: docs/decisions/0008. */
    @Test
    void commandsAskTheirInvocationForStreamsEnvironmentAndDirectory() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".cli", ROOT + ".oci", ROOT + ".build")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .accessField(System.class, "in")
                .orShould()
                .callMethod(System.class, "getenv", String.class)
                .orShould()
                .callMethod(System.class, "getenv")
                .orShould()
                .callMethod(Path.class, "toAbsolutePath")
                .orShould()
                .callMethod(Runtime.class, "halt", int.class)
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(FileDescriptor.class)
                .allowEmptyShould(true)
                .check(LayeringRules.classesOf(ROOT));
    }
}
