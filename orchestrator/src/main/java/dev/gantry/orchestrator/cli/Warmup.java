package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.wire.Json;

import java.util.List;

/**
 * Makes ready what nearly every command asks the services with, beside the parsing of its
 * arguments: both are cold code of about the same length, and most machines have a second
 * processor.
 */
final class Warmup {
    private static final List<Class<?>> ASKED =
            List.of(
                    ContainerOperation.class,
                    ContainerOperation.Create.class,
                    ContainerOperation.Start.class,
                    ContainerOperation.Wait.class);
    private static final List<Class<?>> ANSWERED =
            List.of(ContainerResult.Created.class, ContainerResult.Exit.class, Fault.class);

    private Warmup() {}

    static void begin() {
        Thread.ofPlatform().daemon().name("warm-up").start(Warmup::run);
    }

    private static void run() {
        ASKED.forEach(type -> Json.mapper().writerFor(type));
        ANSWERED.forEach(type -> Json.mapper().readerFor(type));
    }
}
