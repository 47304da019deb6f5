package dev.gantry.seccomp;

import dev.gantry.bus.Registration;
import dev.gantry.bus.Request;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.seccomp.kernel.FfmSeccompKernel;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/** Serves {@code seccomp.v1}. It keeps nothing, so there is nothing to reconcile. */
final class SeccompVerticle extends VerticleBase {
    private final ServiceContext service;
    private SyscallFilters filters;
    private Registration registration;

    SeccompVerticle(ServiceContext service) {
        this.service = service;
    }

    @Override
    public Future<?> start() {
        return vertx.executeBlocking(
                () -> {
                    filters = new CompiledFilters(new FfmSeccompKernel());
                    // The filter that nearly every container gets, before the first one asks.
                    filters.compile(DefaultProfile.QUESTION);
                    registration = service.bus().serve(SeccompOperation.CONTRACT, this::handle);
                    return null;
                });
    }

    private Object handle(Request<SeccompOperation<?>> request) {
        return switch (request.operation()) {
            case SeccompOperation.Compile compile -> filters.compile(compile);
            case SeccompOperation.Explain explain -> filters.explain(explain);
            case SeccompOperation.Profiles profiles -> filters.support();
        };
    }

    @Override
    public Future<?> stop() {
        return vertx.executeBlocking(
                () -> {
                    registration.close();
                    return null;
                });
    }
}
