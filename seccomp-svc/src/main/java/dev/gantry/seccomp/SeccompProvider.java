package dev.gantry.seccomp;

import dev.gantry.bus.Contract;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.service.ServiceProvider;

import io.vertx.core.Deployable;

import java.util.List;

/** seccomp-svc, for whoever hosts it. */
public final class SeccompProvider implements ServiceProvider {
    @Override
    public String name() {
        return "seccomp-svc";
    }

    @Override
    public List<Contract<?>> contracts() {
        return List.of(SeccompOperation.CONTRACT);
    }

    @Override
    public Deployable verticle(ServiceContext context) {
        return new SeccompVerticle(context);
    }
}
