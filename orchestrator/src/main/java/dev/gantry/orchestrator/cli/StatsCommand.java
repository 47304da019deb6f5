package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.cgroup.CgroupResult.Usage;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.Stat;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** {@code stats}: what containers use, once a second. */
@Command(name = "stats", mixinStandardHelpOptions = true, description = "Show what containers use.")
final class StatsCommand implements Callable<Integer> {
    private static final long SECOND = 1_000_000_000L;

    @ParentCommand GantryCommand gantry;

    @Option(names = "--no-stream", description = "once, then end")
    boolean once;

    @Option(names = "--format", paramLabel = "FORMAT", description = "json, or text with {{.Id}}")
    String format;

    @Parameters(arity = "0..*", paramLabel = "CONTAINER", description = "ids or names")
    List<String> containers = List.of();

    private final Map<String, Usage> before = new HashMap<>();

    @Override
    public Integer call() {
        read().forEach(stat -> before.put(stat.usage().id(), stat.usage()));
        while (true) {
            LockSupport.parkNanos(once ? SECOND / 5 : SECOND);
            var stats = read();
            if (!once && format == null) {
                gantry.out().print("\033[H\033[2J");
            }
            print(stats);
            if (once) {
                return 0;
            }
        }
    }

    private List<Stat> read() {
        return gantry.engine().container(new ContainerOperation.Stats(containers)).stats();
    }

    private void print(List<Stat> stats) {
        if (format != null) {
            var template = new Template(format);
            stats.forEach(
                    stat ->
                            gantry.out()
                                    .println(
                                            template.apply(
                                                    dev.gantry.bus.wire.Json.mapper()
                                                            .valueToTree(stat))));
            gantry.out().flush();
            return;
        }
        var table =
                new Table(
                        "CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "BLOCK I/O", "PIDS");
        for (var stat : stats) {
            var usage = stat.usage();
            table.row(
                    LookCommands.shortId(stat.id()),
                    stat.name(),
                    cpuPercent(usage),
                    size(usage.memoryBytes()) + " / " + size(usage.memoryLimitBytes()),
                    size(usage.ioReadBytes()) + " / " + size(usage.ioWriteBytes()),
                    usage.pids().map(String::valueOf).orElse("-"));
        }
        table.print(gantry.out());
    }

    private String cpuPercent(Usage usage) {
        var earlier = before.put(usage.id(), usage);
        if (earlier == null || usage.cpuNanos().isEmpty() || earlier.cpuNanos().isEmpty()) {
            return "-";
        }
        double used = usage.cpuNanos().get() - earlier.cpuNanos().get();
        double passed = Math.max(1, usage.timeNanos() - earlier.timeNanos());
        return String.format(Locale.ROOT, "%.2f%%", 100 * used / passed);
    }

    private static String size(Optional<Long> bytes) {
        return bytes.map(Sizes::human).orElse("-");
    }
}
