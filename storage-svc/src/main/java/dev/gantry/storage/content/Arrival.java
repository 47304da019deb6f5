package dev.gantry.storage.content;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Digests;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Content on its way into the store. All who want it share one: one of them at a time carries bytes
 * to it, and where that one gives up, another goes on from the byte that was reached. Who unpacks
 * it reads behind the writer, so a layer is downloaded and unpacked at the same time. It is in the
 * store when it is whole and has the digest that was expected; when nobody wants it any more before
 * that, nothing of it is kept.
 */
public final class Arrival implements AutoCloseable {
    private static final long LOOK_MILLIS = 200;

    private final ContentStore store;
    private final Descriptor expected;
    private final Path file;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final MessageDigest sha256 = Digests.sha256();
    private final FileChannel channel;
    private volatile long received;
    // Guarded by lock.
    private int interested;
    private boolean carried;
    private boolean whole;
    private Optional<FaultException> refused = Optional.empty();

    Arrival(ContentStore store, Descriptor expected, Path file) throws IOException {
        this.store = store;
        this.expected = expected;
        this.file = file;
        this.channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** How many bytes are here. */
    public long received() {
        return received;
    }

    /** Whether it is in the store; throws what was wrong with it. */
    public boolean isWhole() {
        lock.lock();
        try {
            refused.ifPresent(Arrival::refuse);
            return whole;
        } finally {
            lock.unlock();
        }
    }

    private static void refuse(FaultException e) {
        throw new FaultException(e.fault(), e);
    }

    /** One more wants it; false if it was given up or refused already. */
    boolean join() {
        lock.lock();
        try {
            if (refused.isPresent()) {
                return false;
            }
            interested++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Becomes the one that carries bytes, if there is none. */
    public boolean take() {
        lock.lock();
        try {
            if (carried || whole || refused.isPresent()) {
                return false;
            }
            carried = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Carries no more; whoever else wants it may. */
    public void letGo() {
        lock.lock();
        try {
            carried = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for something to change, or for the caller's own reason to stop. */
    public void await(BooleanSupplier stop) {
        lock.lock();
        try {
            if (!whole && refused.isEmpty() && carried && !stop.getAsBoolean()) {
                changed.await(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** Adds bytes. Only who has {@link #take taken} it. More than were announced are refused. */
    public void append(byte[] bytes, int offset, int length) throws IOException {
        if (received + length > expected.size()) {
            throw settle(
                    Optional.of(
                            FaultException.invalid(
                                    "content %s has more than the %d bytes announced",
                                    expected.digest(), expected.size())));
        }
        var buffer = ByteBuffer.wrap(bytes, offset, length);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        sha256.update(bytes, offset, length);
        lock.lock();
        try {
            received += length;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** All bytes are here: verifies them and puts them in the store. */
    public void finish() throws IOException {
        var digest = Digests.format(sha256.digest());
        if (received != expected.size() || !digest.equals(expected.digest())) {
            throw settle(
                    Optional.of(
                            FaultException.invalid(
                                    "content %s has %d bytes announced, but is %s with %d",
                                    expected.digest(), expected.size(), digest, received)));
        }
        store.name(file, digest);
        settle(Optional.empty());
    }

    private FaultException settle(Optional<FaultException> fault) {
        lock.lock();
        try {
            refused = fault;
            whole = fault.isEmpty();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return fault.orElse(null);
    }

    /** Wants it no more. The last one to leave takes what is not whole away. */
    @Override
    public void close() {
        boolean last;
        lock.lock();
        try {
            last = --interested == 0;
            if (last && !whole && refused.isEmpty()) {
                refused =
                        Optional.of(
                                FaultException.of(
                                        FaultCode.UNAVAILABLE,
                                        "content %s did not arrive",
                                        expected.digest()));
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (last) {
            store.gone(expected.digest(), this);
            try {
                channel.close();
                Files.deleteIfExists(file);
            } catch (IOException e) {
                // The store's next start clears what is in tmp.
                System.getLogger(Arrival.class.getName())
                        .log(System.Logger.Level.WARNING, "{0}: {1}", file, e.getMessage());
            }
        }
    }

    /** Waits until it is in the store, as whoever read it to its end has to; or throws why not. */
    void awaitWhole() {
        lock.lock();
        try {
            while (!whole && refused.isEmpty()) {
                awaitChange();
            }
            refused.ifPresent(Arrival::refuse);
        } finally {
            lock.unlock();
        }
    }

    /** Waits for bytes after a position; how many there are, 0 at the end. */
    private long awaitBytes(long position) {
        lock.lock();
        try {
            while (received <= position && received < expected.size() && refused.isEmpty()) {
                awaitChange();
            }
            refused.ifPresent(Arrival::refuse);
            return received - position;
        } finally {
            lock.unlock();
        }
    }

    /** An interrupt says that the layer is wanted no more. */
    private void awaitChange() {
        try {
            changed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("waiting for " + expected.digest() + " was given up");
        }
    }

    /** Reads behind the writer. */
    InputStream open() throws IOException {
        return new Behind(FileChannel.open(file, StandardOpenOption.READ));
    }

    private final class Behind extends InputStream {
        private final FileChannel in;
        private long position;

        Behind(FileChannel in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            long there = awaitBytes(position);
            if (there == 0) {
                return -1;
            }
            int count = in.read(ByteBuffer.wrap(bytes, offset, (int) Math.min(length, there)));
            position += Math.max(count, 0);
            return count;
        }

        @Override
        public int available() {
            return (int) Math.min(Integer.MAX_VALUE, received - position);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
