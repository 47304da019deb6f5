package dev.gantry.bus.service;

import dev.gantry.bus.Contract;

import io.vertx.core.Deployable;

import java.util.List;

/** A service of Gantry, found by {@link java.util.ServiceLoader}. */
public interface ServiceProvider {
    /** For example {@code cgroup-svc}: its process, its user, its directories. */
    String name();

    /** The addresses it owns. */
    List<Contract<?>> contracts();

    /**
     * A verticle (extend {@code io.vertx.core.VerticleBase}) that serves when its start completes.
     */
    Deployable verticle(ServiceContext context);
}
