package dev.gantry.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.cgroup.kernel.CgroupKernel;
import dev.gantry.cgroup.kernel.LinuxCgroupKernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A subtree of a test's own, with the real manager in it; nothing of it is left at the end. */
final class OwnSubtree {
    /** A machine in emulation is slower. */
    static final Duration PATIENCE =
            Duration.ofSeconds(Boolean.getBoolean("gantry.guest") ? 120 : 20);

    private static final AtomicInteger COUNT = new AtomicInteger();

    final CgroupKernel kernel = new LinuxCgroupKernel();
    final String name =
            "gantry-test-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    final BlockingQueue<OomEvent> events = new LinkedBlockingQueue<>();
    final Hierarchies hierarchies;
    final Path ledger;
    private final List<Process> processes = new ArrayList<>();
    private final List<OomWatch> watches = new ArrayList<>();
    SubtreeManager manager;

    OwnSubtree() throws IOException {
        hierarchies = new Subtree(kernel, name).establish();
        ledger = Files.createTempDirectory("gantry-oom");
        restart();
    }

    /** A new manager over the same groups, as after a crash of the service. */
    void restart() {
        watches.forEach(OomWatch::close);
        watches.clear();
        var watch = new OomWatch(kernel, new OomLedger(ledger), events::add);
        watches.add(watch);
        manager = new SubtreeManager(kernel, hierarchies, watch);
    }

    /** Runs a shell script as the launcher would place it: in all groups of the container. */
    Process run(Placement placement, String script) throws IOException {
        var enter = new StringBuilder();
        placement
                .v1Paths()
                .forEach(path -> enter.append("echo $$ > ").append(path).append("/cgroup.procs; "));
        placement
                .unifiedPath()
                .ifPresent(
                        path -> enter.append("echo $$ > ").append(path).append("/cgroup.procs; "));
        var process =
                new ProcessBuilder("/bin/sh", "-ec", enter + script)
                        .redirectErrorStream(true)
                        .start();
        processes.add(process);
        return process;
    }

    /** What the script wrote and how it ended. */
    static String output(Process process) throws Exception {
        var output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return output + "exit " + process.exitValue();
    }

    /** A file of the container in the hierarchy that has the controller. */
    String read(String controller, String id, String file) throws IOException {
        var tree = hierarchies.of(controller).or(hierarchies::unified).orElseThrow();
        return Files.readString(Path.of(tree.path(id), file)).strip();
    }

    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("did not happen: " + what);
            }
            LockSupport.parkNanos(2_000_000);
        }
    }

    void close() throws Exception {
        for (var id : manager.containers()) {
            if (hierarchies.of("freezer").isPresent() || hierarchies.unified().isPresent()) {
                manager.thaw(id);
            }
        }
        for (var process : processes) {
            process.destroyForcibly().waitFor();
        }
        for (var id : manager.containers()) {
            manager.delete(id);
        }
        watches.forEach(OomWatch::close);
        for (var tree : hierarchies.all()) {
            kernel.rmdir(tree.root()).orThrow("rmdir %s", tree.root());
        }
        try (var files = Files.list(ledger)) {
            assertThat(files).isEmpty();
        }
        Files.delete(ledger);
    }
}
