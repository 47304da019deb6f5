package dev.gantry.bus.testing;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass.Predicates;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;

import java.util.Arrays;

/**
 * The layers of the design, as rules that a module's test checks: {@code
 * LayeringRules.PACKAGES_HAVE_NO_CYCLES.check(LayeringRules.classesOf("dev.gantry.cgroup"))}.
 * archunit-junit5 must be among its test dependencies.
 */
public final class LayeringRules {
    private static final String[] SERVICES = {
        "dev.gantry.namespace..",
        "dev.gantry.cgroup..",
        "dev.gantry.seccomp..",
        "dev.gantry.storage..",
        "dev.gantry.network..",
        "dev.gantry.orchestrator.."
    };

    /** Whoever speaks a contract needs nothing but JSON. */
    public static final ArchRule CONTRACTS_KNOW_NO_TRANSPORT =
            noClasses()
                    .that()
                    .resideInAnyPackage(
                            "dev.gantry.bus.contract..",
                            "dev.gantry.bus.fault..",
                            "dev.gantry.bus.wire..",
                            "dev.gantry.bus.client..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("io.vertx..", "io.netty..", "jnr..");

    /** Each package is a slice; none depends on itself through others. */
    public static final ArchRule PACKAGES_HAVE_NO_CYCLES =
            slices().matching("dev.gantry.(**)").should().beFreeOfCycles();

    private LayeringRules() {}

    /** Classes below a package, without tests. */
    public static JavaClasses classesOf(String root) {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importPackages(root);
    }

    /** A service depends on the bus, and on no other service. */
    public static ArchRule dependsOnBusAlone(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .should()
                .dependOnClassesThat(
                        Predicates.resideInAnyPackage(
                                        Arrays.stream(SERVICES)
                                                .filter(service -> !service.equals(root + ".."))
                                                .toArray(String[]::new))
                                .as("another service"));
    }

    /** Kernel calls stand in the classes that a reviewer of a service's rights reads. */
    public static ArchRule foreignMemoryOnlyIn(String... packages) {
        return noClasses()
                .that()
                .resideOutsideOfPackages(packages)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.foreign..");
    }
}
