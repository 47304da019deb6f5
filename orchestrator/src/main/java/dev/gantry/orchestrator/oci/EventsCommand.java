package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.cgroup.CgroupResult.Usage;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** {@code events}: what a container uses, once or again and again, and kills for memory. */
@Command(name = "events", description = "Print a container's numbers and kills for memory.")
final class EventsCommand implements Callable<Integer> {
    private static final long SECOND = 1_000_000_000L;

    @ParentCommand OciCommand oci;

    @Parameters(index = "0", paramLabel = "ID", description = "of the container")
    String id;

    @Option(names = "--stats", description = "the numbers of now, once")
    boolean stats;

    @Option(
            names = "--interval",
            defaultValue = "5s",
            paramLabel = "DURATION",
            description = "between numbers, like 500ms or 5s (default: ${DEFAULT-VALUE})")
    String interval;

    @Override
    public Integer call() throws InterruptedException {
        long nanos = nanos(interval);
        var containers = oci.containers();
        var state = containers.store().look(id);
        if (Status.of(state) == Status.STOPPED) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION, "container with id %s is not running", id);
        }
        var services = containers.services();
        if (stats) {
            print("stats", numbers(services.ask(new CgroupOperation.Stats(state.key()))));
            return 0;
        }
        var kills = new LinkedBlockingQueue<ObjectNode>();
        var registration = services.onOom(state.key(), kills::add);
        try {
            long next = System.nanoTime();
            while (Status.of(state) != Status.STOPPED) {
                if (System.nanoTime() - next >= 0) {
                    print("stats", numbers(services.ask(new CgroupOperation.Stats(state.key()))));
                    next += nanos;
                }
                long pause = Math.min(SECOND, Math.max(1, next - System.nanoTime()));
                if (kills.poll(pause, TimeUnit.NANOSECONDS) != null) {
                    print("oom", JsonNodeFactory.instance.objectNode());
                }
            }
        } finally {
            registration.close();
        }
        return 0;
    }

    private static long nanos(String text) {
        var number = text.replaceFirst("(ms|s|m)$", "");
        long unit = text.endsWith("ms") ? SECOND / 1000 : text.endsWith("m") ? 60 * SECOND : SECOND;
        try {
            long nanos = Math.multiplyExact(Long.parseLong(number), unit);
            if (nanos > 0) {
                return nanos;
            }
        } catch (ArithmeticException | NumberFormatException notANumber) {
            // Said below, together with what is not above zero.
        }
        throw FaultException.invalid("--interval %s is not a duration like 5s", text);
    }

    private void print(String type, ObjectNode data) {
        var event = JsonNodeFactory.instance.objectNode();
        event.put("type", type).put("id", id);
        if (!data.isEmpty()) {
            event.set("data", data);
        }
        oci.out().println(event);
        oci.out().flush();
    }

    /** In the shape that runc prints; what this host does not count is absent. */
    static ObjectNode numbers(Usage usage) {
        var out = JsonNodeFactory.instance.objectNode();
        var cpu = out.putObject("cpu");
        var cpuUsage = cpu.putObject("usage");
        usage.cpuNanos().ifPresent(nanos -> cpuUsage.put("total", nanos));
        usage.cpuUserNanos().ifPresent(nanos -> cpuUsage.put("user", nanos));
        usage.cpuSystemNanos().ifPresent(nanos -> cpuUsage.put("kernel", nanos));
        usage.throttledNanos()
                .ifPresent(nanos -> cpu.putObject("throttling").put("throttledTime", nanos));
        var memory = out.putObject("memory").putObject("usage");
        usage.memoryLimitBytes().ifPresent(bytes -> memory.put("limit", bytes));
        usage.memoryBytes().ifPresent(bytes -> memory.put("usage", bytes));
        usage.memoryPeakBytes().ifPresent(bytes -> memory.put("max", bytes));
        var pids = out.putObject("pids");
        usage.pids().ifPresent(count -> pids.put("current", count));
        usage.pidsLimit().ifPresent(count -> pids.put("limit", count));
        return out;
    }
}
