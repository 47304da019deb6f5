package dev.gantry.storage;

import dev.gantry.bus.Contract;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.service.ServiceProvider;

import io.vertx.core.Deployable;

import java.util.List;

/** Offers storage-svc to a process of its own or to an embedded one. */
public final class StorageProvider implements ServiceProvider {
    @Override
    public String name() {
        return "storage-svc";
    }

    @Override
    public List<Contract<?>> contracts() {
        return List.of(StorageOperation.CONTRACT);
    }

    @Override
    public Deployable verticle(ServiceContext context) {
        return new StorageVerticle(context);
    }
}
