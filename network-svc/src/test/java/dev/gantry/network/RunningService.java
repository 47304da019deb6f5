package dev.gantry.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.LocalBus;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.service.ServiceContext;

import io.vertx.core.Vertx;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** network-svc, deployed in this JVM in the test's own network. */
final class RunningService implements AutoCloseable {
    private final Layout layout;
    private final Vertx vertx = Vertx.vertx();
    private final Bus bus;
    private final Instance instance;

    private RunningService(Path directory, Bus bus) {
        this.bus = bus;
        layout = Layout.below(directory);
        instance = Instance.of(layout);
    }

    static RunningService start(Path directory) {
        return start(directory, new LocalBus());
    }

    /** Only asks whoever serves on the bus. */
    static RunningService client(Path directory, Bus bus) {
        return new RunningService(directory, bus);
    }

    static RunningService start(Path directory, Bus bus) {
        var service = new RunningService(directory, bus);
        var context = new ServiceContext(service.bus, service.layout, false, false);
        await(service.vertx.deployVerticle(new NetworkProvider().verticle(context)));
        return service;
    }

    private static void await(io.vertx.core.Future<?> future) {
        try {
            future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    Bus bus() {
        return bus;
    }

    Instance instance() {
        return instance;
    }

    <R> R ask(NetworkOperation<R> operation) {
        return bus.ask(NetworkOperation.CONTRACT, operation, CallOptions.DEFAULT);
    }

    Attached attach(String id, String network, NetworkOperation.PortMapping... ports) {
        return ask(
                new NetworkOperation.Attach(
                        id, network, "", List.of(), List.of(ports), List.of(), List.of(), false));
    }

    /** Stops it in good order. */
    @Override
    public void close() {
        await(vertx.close());
        bus.close();
    }

    /** After a stop without containers: no link, no table, no pin, no file of a container. */
    void assertNothingLeft() {
        assertThat(Shell.run("ip -o link"))
                .doesNotContain(": gv")
                .doesNotContain(instance.bridges());
        assertThat(Shell.run("nft list tables")).doesNotContain(instance.table());
        assertThat(Shell.run("cat /proc/self/mountinfo"))
                .doesNotContain(instance.netns().toString());
        assertThat(instance.netns()).isEmptyDirectory();
        assertThat(!Files.exists(instance.containers()) || isEmpty(instance.containers())).isTrue();
        assertThat(instance.state().resolve("attachments")).isEmptyDirectory();
    }

    private static boolean isEmpty(Path directory) {
        return directory.toFile().list().length == 0;
    }
}
