package dev.gantry.namespace;

import dev.gantry.bus.Contract;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.service.ServiceProvider;

import io.vertx.core.Deployable;

import java.util.List;

/** namespace-svc, as a host of services finds it. */
public final class NamespaceProvider implements ServiceProvider {
    @Override
    public String name() {
        return "namespace-svc";
    }

    @Override
    public List<Contract<?>> contracts() {
        return List.of(NamespaceOperation.CONTRACT);
    }

    @Override
    public Deployable verticle(ServiceContext context) {
        return new NamespaceVerticle(context);
    }
}
