package dev.gantry.network;

import dev.gantry.bus.Registration;
import dev.gantry.bus.Request;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.service.ServiceContext;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/** Serves {@code network.v1}: receive, switch, reply. */
final class NetworkVerticle extends VerticleBase {
    private static final long WATCH_MILLIS = 2000;
    private final ServiceContext context;
    private NetworkHost host;
    private Registration registration;

    NetworkVerticle(ServiceContext context) {
        this.context = context;
    }

    @Override
    public Future<?> start() {
        return vertx.executeBlocking(
                        () -> {
                            host = NetworkHost.open(context, vertx);
                            registration =
                                    context.bus().serve(NetworkOperation.CONTRACT, this::handle);
                            return registration;
                        })
                .onSuccess(
                        _ ->
                                vertx.setPeriodic(
                                        WATCH_MILLIS,
                                        _ -> vertx.executeBlocking(host::watch, false)));
    }

    @Override
    public Future<?> stop() {
        return vertx.executeBlocking(
                () -> {
                    registration.close();
                    host.close();
                    return host;
                });
    }

    private Object handle(Request<NetworkOperation<?>> request) {
        var networking = host.networking();
        return switch (request.operation()) {
            case NetworkOperation.Attach attach -> networking.attach(attach);
            case NetworkOperation.Detach detach -> networking.detach(detach);
            case NetworkOperation.Publish publish -> networking.publish(publish);
            case NetworkOperation.Unpublish unpublish -> networking.unpublish(unpublish);
            case NetworkOperation.Create create -> networking.create(create);
            case NetworkOperation.Networks _ -> networking.networks();
            case NetworkOperation.Inspect inspect -> networking.inspect(inspect);
            case NetworkOperation.Remove remove -> networking.remove(remove);
            case NetworkOperation.Resolve resolve -> networking.resolve(resolve);
            case NetworkOperation.Attachments _ -> networking.attachments();
        };
    }
}
