package dev.gantry.orchestrator.supervisor;

import dev.gantry.bus.CallOptions;
import dev.gantry.bus.SocketBus;
import dev.gantry.bus.contract.bus.BusOperation;
import dev.gantry.bus.contract.bus.BusResult;
import dev.gantry.bus.service.Layout;

import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Which process serves each address of a service, as the broker tells.
 *
 * @param pids by address
 */
record Owners(Map<String, Long> pids) {
    private static final CallOptions PATIENCE = CallOptions.within(Duration.ofSeconds(10));

    /**
     * Asks the broker, and waits for it.
     *
     * @throws dev.gantry.bus.fault.FaultException UNAVAILABLE if no broker answers
     */
    static Owners ask(Layout layout, ServiceTable.Service service) {
        try (var bus = SocketBus.connect(layout.busSocket())) {
            var status = bus.ask(BusOperation.CONTRACT, new BusOperation.Status(), PATIENCE);
            return new Owners(
                    status.addresses().stream()
                            .filter(a -> a.owner().filter(service.name()::equals).isPresent())
                            .collect(
                                    Collectors.toMap(
                                            BusResult.AddressStatus::address,
                                            a -> a.pid().orElseThrow())));
        }
    }

    /** Whether each of these addresses has the same process now. */
    boolean stillServe(Owners now) {
        return now.pids().entrySet().containsAll(pids.entrySet());
    }
}
