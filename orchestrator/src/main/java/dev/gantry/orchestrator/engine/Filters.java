package dev.gantry.orchestrator.engine;

import dev.gantry.bus.Event;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.contract.seccomp.SeccompResult.Program;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.spec.SpecBuilder;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The filters that seccomp-svc has compiled: the same profile and capabilities make the same
 * filter, as long as the same process owns the address.
 */
final class Filters {
    private static final String ADDRESS = SeccompOperation.CONTRACT.address();
    private static final int MOST = 64;

    private final Services services;
    private Map<SeccompOperation.Compile, Program> compiled = fresh();

    Filters(Services services) {
        this.services = services;
    }

    private static Map<SeccompOperation.Compile, Program> fresh() {
        return Collections.synchronizedMap(
                new LinkedHashMap<>() {
                    @Override
                    protected boolean removeEldestEntry(
                            Map.Entry<SeccompOperation.Compile, Program> eldest) {
                        return size() > MOST;
                    }
                });
    }

    /** The filter of a container; empty where it is to have none. */
    CompletableFuture<Optional<Program>> of(ContainerSpec spec, Caller caller) {
        if (spec.seccompUnconfined()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        var request = new SeccompOperation.Compile(spec.seccomp(), SpecBuilder.capabilities(spec));
        Map<SeccompOperation.Compile, Program> here;
        synchronized (this) {
            here = compiled; // That of the present owner: an answer after a take-over goes nowhere.
        }
        var known = here.get(request);
        if (known != null) {
            return CompletableFuture.completedFuture(Optional.of(known));
        }
        return services.seccomp(request, caller)
                .thenApply(
                        program -> {
                            here.put(request, program);
                            return Optional.of(program);
                        });
    }

    /** The owner of an address has changed, or may have, unheard. */
    synchronized void heard(Event event) {
        var address = event.body().path("id").asText();
        if (address.isEmpty() || address.equals(ADDRESS)) {
            compiled = fresh();
        }
    }
}
