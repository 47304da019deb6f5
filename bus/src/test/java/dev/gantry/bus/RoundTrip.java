package dev.gantry.bus;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.testing.TestBroker;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;

/**
 * Measures a call and its answer: {@code java -cp … dev.gantry.bus.RoundTrip [calls]}. Broker,
 * owner and caller are threads of one process, joined by real sockets. Prints microseconds.
 */
public final class RoundTrip {
    private static final int WARM_UP = 20_000;

    private RoundTrip() {}

    /** Prints median, 90th and 99th percentile for each kind of bus. */
    public static void main(String[] arguments) throws IOException {
        var calls = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20_000;
        try (var local = new LocalBus()) {
            measure("in memory", local, local, calls);
        }
        var directory = Files.createTempDirectory("gantry-round-trip");
        try (var broker = TestBroker.in(directory);
                var owner = broker.connect();
                var caller = broker.connect();
                var blocking = broker.connectOnce()) {
            measure("broker, socket client", owner, caller, calls);
            measure("broker, blocking client", owner, blocking, calls);
        }
        Files.deleteIfExists(directory);
    }

    private static void measure(String what, Bus owner, Bus caller, int calls) {
        var registration = owner.serve(CgroupOperation.CONTRACT, request -> Done.nothing());
        run(caller, WARM_UP);
        var times = run(caller, calls);
        registration.close();
        Arrays.sort(times);
        System.out.printf(
                "%-24s %6.1f µs median %6.1f p90 %6.1f p99%n",
                what,
                times[calls / 2] / 1e3,
                times[calls * 9 / 10] / 1e3,
                times[calls * 99 / 100] / 1e3);
    }

    private static long[] run(Bus caller, int calls) {
        var times = new long[calls];
        var operation = new CgroupOperation.Freeze("c1");
        for (var i = 0; i < calls; i++) {
            var start = System.nanoTime();
            caller.ask(CgroupOperation.CONTRACT, operation, CallOptions.DEFAULT);
            times[i] = System.nanoTime() - start;
        }
        return times;
    }
}
