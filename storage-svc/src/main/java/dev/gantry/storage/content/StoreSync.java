package dev.gantry.storage.content;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.IOException;
import java.util.Optional;

/**
 * Makes durable all that was put into the store, with its names.
 *
 * <p>syncfs(2) tells a descriptor once of what failed since that descriptor was opened, be it in
 * the kernel's own writing: so one is open from before the first write, and a failure counts for
 * whatever was on its way into the store when it was told.
 */
public final class StoreSync implements AutoCloseable {
    private final Directory store;
    private final Leases leases;
    private long toldTo;
    private Optional<FaultException> failure = Optional.empty();

    /** Of the file system of the store; before anything is written to it. */
    public StoreSync(StorageKernel kernel, StoreFiles files, ContentStore content) {
        this.store = Directory.open(kernel, files.root());
        this.leases = content.leases();
    }

    /** Does what writes much; what it has written is durable then. */
    <T> T after(Images.Work<T> work) throws IOException {
        var early = new EarlySync(this);
        T result;
        try {
            result = work.run();
        } finally {
            early.end();
        }
        run();
        return result;
    }

    /** Returns when all is durable that was written before; throws if any of it may be lost. */
    synchronized void run() {
        try {
            store.kernel().syncfs(store.fd()).orThrow("syncfs %s", store.path());
        } catch (FaultException e) {
            failure = Optional.of(e);
            toldTo = leases.newest();
            throw e;
        }
        if (failure.isPresent() && leases.oldest() <= toldTo) {
            throw new FaultException(failure.get().fault(), failure.get());
        }
    }

    @Override
    public void close() {
        store.close();
    }
}
