package dev.gantry.storage;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.content.Events;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.exchange.Load;
import dev.gantry.storage.exchange.Save;
import dev.gantry.storage.registry.RegistryAccess;
import dev.gantry.storage.transfer.Transfers;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Images that move: to and from registries and archives. */
final class Moving implements AutoCloseable {
    /** What the administrator says of registries, beside the service's state, else for the host. */
    private static final String REGISTRIES = "registries.json";

    private final Transfers transfers = new Transfers();
    private final Images images;
    private final LayerLimits limits;
    private final StoreFiles files;
    private final RegistryAccess registries;

    Moving(Images images, LayerLimits limits, StoreFiles files, Events events) {
        this.images = images;
        this.limits = limits;
        this.files = files;
        this.registries =
                new RegistryAccess(
                        images,
                        limits,
                        events,
                        List.of(
                                files.root().resolveSibling(REGISTRIES),
                                Path.of("/etc/gantry", REGISTRIES)));
    }

    Object carryOut(StorageOperation.Moving<?> moving) {
        return switch ((TransferOperation<?>) moving) {
            case TransferOperation.Pull pull ->
                    transfers.begin(
                            pull, pull.transfer(), running -> registries.pull(pull, running));
            case TransferOperation.Resolve resolve -> registries.resolve(resolve);
            case TransferOperation.Follow(var id, var seen, var wait) ->
                    transfers.follow(id, seen, Duration.ofMillis(wait));
            case TransferOperation.Cancel(var id) -> transfers.cancel(id);
            case TransferOperation.Push push ->
                    transfers.begin(
                            push, push.transfer(), running -> registries.push(push, running));
            case TransferOperation.Save save ->
                    transfers.begin(
                            save,
                            save.transfer(),
                            running -> new Save(images, running).carryOut(save));
            case TransferOperation.Load load ->
                    transfers.begin(
                            load,
                            load.transfer(),
                            running -> new Load(images, files, limits).carryOut(load, running));
        };
    }

    @Override
    public void close() {
        transfers.close();
    }
}
