package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.Bus;
import dev.gantry.bus.LocalBus;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.kit.NamespaceFixture;
import dev.gantry.bus.kit.Specs;
import dev.gantry.bus.service.Layout;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.Callable;

/** The service with its launcher, and configurations with one field changed. */
abstract class HostedFixture extends NamespaceFixture {
    @TempDir static Path home;
    static Hosted hosted;
    private static LocalBus bus;
    private static BusyboxRoot roots;

    /** Waits for something, but not for ever. */
    static void until(Duration most, Callable<Boolean> condition, String what) throws Exception {
        long end = System.nanoTime() + most.toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.sleep(5);
        }
    }

    @BeforeAll
    static void serve() throws Exception {
        // what a user namespace's root may not read it cannot mount
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
        roots = new BusyboxRoot(home.resolve("roots"));
        bus = new LocalBus();
        hosted = new Hosted(Layout.below(home), bus);
    }

    @AfterAll
    static void stop() throws Exception {
        hosted.close();
        bus.close();
    }

    @Override
    protected Bus bus() {
        return bus;
    }

    @Override
    protected Rootfs rootfs(String id) {
        return roots.of(id);
    }

    /** Where the changes of a container are. */
    static Path upper(String id) {
        return roots.upper(id);
    }

    /** {@code sh -c script} with fields set: dotted names of {@link OciSpec}, and their JSON. */
    static OciSpec spec(String script, String... fieldsAndValues) {
        return Specs.with(Specs.of("sh", "-c", script), fieldsAndValues);
    }
}
