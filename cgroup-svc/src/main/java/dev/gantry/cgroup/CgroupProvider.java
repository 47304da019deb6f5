package dev.gantry.cgroup;

import dev.gantry.bus.Contract;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.service.ServiceProvider;

import io.vertx.core.Deployable;

import java.util.List;

/** cgroup-svc, for ServiceLoader and for its own process. */
public final class CgroupProvider implements ServiceProvider {
    @Override
    public String name() {
        return "cgroup-svc";
    }

    @Override
    public List<Contract<?>> contracts() {
        return List.of(CgroupOperation.CONTRACT);
    }

    @Override
    public Deployable verticle(ServiceContext context) {
        return new CgroupVerticle(context);
    }
}
