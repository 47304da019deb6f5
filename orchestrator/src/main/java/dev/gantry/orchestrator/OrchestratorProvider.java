package dev.gantry.orchestrator;

import dev.gantry.bus.Contract;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.service.ServiceProvider;

import io.vertx.core.Deployable;

import java.util.List;

/** Offers the orchestrator to whatever process hosts it. */
public final class OrchestratorProvider implements ServiceProvider {
    /** Its process, its user, its directories. */
    public static final String NAME = "orchestrator";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Contract<?>> contracts() {
        return List.of(ContainerOperation.CONTRACT);
    }

    @Override
    public Deployable verticle(ServiceContext context) {
        return new OrchestratorVerticle(context);
    }
}
