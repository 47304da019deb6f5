package dev.gantry.cgroup;

import dev.gantry.cgroup.kernel.LinuxCgroupKernel;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;

/** A process with the service's own rights, driven by {@link RightsIT} over stdin and stdout. */
final class Unprivileged {
    private Unprivileged() {}

    /** Name of the subtree, directory for the ledger. */
    public static void main(String[] arguments) throws Exception {
        Files.readString(Path.of("/proc/self/status"))
                .lines()
                .filter(line -> line.startsWith("CapEff") || line.startsWith("Uid"))
                .forEach(System.out::println);
        var kernel = new LinuxCgroupKernel();
        var hierarchies = new Subtree(kernel, arguments[0]).establish();
        var events = new LinkedBlockingQueue<OomEvent>();
        var watch = new OomWatch(kernel, new OomLedger(Path.of(arguments[1])), events::add);
        var manager = new SubtreeManager(kernel, hierarchies, watch);

        var placement = manager.create("c", Resources.memory(32 << 20), false).placement();
        manager.update("c", Resources.pids(50));
        manager.update("c", Resources.shares(512));
        manager.update("c", Resources.cpus("0"));
        placement.v1Paths().forEach(path -> System.out.println("place " + path));
        placement.unifiedPath().ifPresent(path -> System.out.println("place " + path));
        System.out.println("placed?");
        System.in.read();
        System.out.println("oom " + events.take().id());
        System.in.read();
        System.out.println("pids " + manager.stats("c").pids().orElseThrow());
        manager.freeze("c");
        manager.thaw("c");
        manager.kill("c");
        manager.delete("c");
        System.out.println("all done");
        System.exit(0);
    }
}
