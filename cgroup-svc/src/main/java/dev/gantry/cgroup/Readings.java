package dev.gantry.cgroup;

import dev.gantry.bus.contract.cgroup.CgroupResult.Usage;
import dev.gantry.bus.contract.cgroup.CgroupResult.Usage.Pressure;
import dev.gantry.cgroup.controller.Numbers;
import dev.gantry.cgroup.controller.UsageReading;
import dev.gantry.cgroup.kernel.CgroupKernel;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads what the kernel counts. */
final class Readings {
    private static final Pattern STALL =
            Pattern.compile("(some|full) avg10=([0-9.]+) .*total=([0-9]+)");

    private final CgroupKernel kernel;
    private final Hierarchies hierarchies;

    Readings(CgroupKernel kernel, Hierarchies hierarchies) {
        this.kernel = kernel;
        this.hierarchies = hierarchies;
    }

    Usage usage(String id) {
        var usage = new UsageReading();
        for (var tree : hierarchies.all()) {
            var group = new KernelGroup(kernel, tree, tree.path(id));
            tree.controllers().forEach(controller -> controller.usage(group, usage));
        }
        long now = ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
        return usage.of(id, now, pressure(id));
    }

    private List<Pressure> pressure(String id) {
        return hierarchies.unified().stream()
                .map(tree -> new KernelGroup(kernel, tree, tree.path(id)))
                .flatMap(
                        group ->
                                Stream.of("cpu", "memory", "io")
                                        .flatMap(
                                                resource ->
                                                        group
                                                                .read(resource + ".pressure")
                                                                .flatMap(
                                                                        text ->
                                                                                pressure(
                                                                                        resource,
                                                                                        text))
                                                                .stream()))
                .toList();
    }

    /** Lines are {@code some avg10=0.00 avg60=0.00 avg300=0.00 total=0}; total in microseconds. */
    static Optional<Pressure> pressure(String resource, String text) {
        Optional<Pressure> some = Optional.empty();
        for (var line : text.split("\n")) {
            var stall = STALL.matcher(line);
            if (!stall.matches()) {
                continue;
            }
            double percent = Double.parseDouble(stall.group(2));
            long nanos = Numbers.parse(stall.group(3)).orElse(0L) * 1_000;
            some =
                    stall.group(1).equals("some")
                            ? Optional.of(
                                    new Pressure(
                                            resource,
                                            percent,
                                            nanos,
                                            Optional.empty(),
                                            Optional.empty()))
                            : some.map(
                                    one ->
                                            new Pressure(
                                                    resource,
                                                    one.someAvg10(),
                                                    one.someNanos(),
                                                    Optional.of(percent),
                                                    Optional.of(nanos)));
        }
        return some;
    }

    /** The processes of a group and of the groups below it; those out of sight (0) are left out. */
    List<Long> processes(String path) {
        var pids = new TreeSet<Long>();
        var groups = new ArrayDeque<>(List.of(path));
        while (!groups.isEmpty()) {
            var group = groups.pop();
            kernel.read(group + "/cgroup.procs")
                    .text()
                    .lines()
                    .flatMap(line -> Numbers.parse(line).stream())
                    .filter(pid -> pid > 0)
                    .forEach(pids::add);
            kernel.directories(group).names().forEach(name -> groups.push(group + "/" + name));
        }
        return new ArrayList<>(pids);
    }
}
