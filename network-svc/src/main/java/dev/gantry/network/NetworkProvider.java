package dev.gantry.network;

import dev.gantry.bus.Contract;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.service.ServiceProvider;

import io.vertx.core.Deployable;

import java.util.List;

/** How the host of services finds network-svc. */
public final class NetworkProvider implements ServiceProvider {
    @Override
    public String name() {
        return "network-svc";
    }

    @Override
    public List<Contract<?>> contracts() {
        return List.of(NetworkOperation.CONTRACT);
    }

    @Override
    public Deployable verticle(ServiceContext context) {
        return new NetworkVerticle(context);
    }
}
