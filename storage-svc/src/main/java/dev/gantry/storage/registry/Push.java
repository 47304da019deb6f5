package dev.gantry.storage.registry;

import dev.gantry.bus.contract.storage.Transfer.Phase;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.content.ContentStore;
import dev.gantry.storage.content.Descriptor;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.transfer.Running;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Sends one image to its registry: blobs that are not there, several at a time, those that another
 * repository of the same registry has without sending them; when all are there, the manifest, byte
 * for byte as it was pulled or made.
 */
final class Push {
    private static final int UPLOADS = 3;

    private final Images images;
    private final ContentStore content;
    private final Http http;
    private final Repository repository;
    private final Map<String, String> elsewhere;
    private final Running running;
    private final AtomicReference<Exception> failure = new AtomicReference<>();

    /**
     * @param elsewhere by digest, another repository of the registry that has a blob
     */
    Push(
            Images images,
            Http http,
            Repository repository,
            Map<String, String> elsewhere,
            Running running) {
        this.images = images;
        this.content = images.content();
        this.http = http;
        this.repository = repository;
        this.elsewhere = elsewhere;
        this.running = running;
    }

    void carryOut(StoredImage image, String tag) throws IOException {
        var lease = images.lease();
        try (lease) {
            Map<String, Descriptor> blobs = new LinkedHashMap<>();
            for (var layer : image.manifest().layers()) {
                blobs.put(layer.digest(), layer);
                running.part(layer.digest(), Phase.WAITING, layer.size());
            }
            blobs.put(image.id(), image.manifest().config());
            for (var blob : blobs.values()) {
                content.has(blob);
            }
            var manifest = content.read(image.digest());
            send(new ConcurrentLinkedQueue<>(blobs.values()));
            Source.patiently(
                    http,
                    () -> {
                        repository.putManifest(tag, image.descriptor().mediaType(), manifest);
                        return null;
                    });
            running.digest(image.digest());
            running.image(images.describe(image));
        }
    }

    private void send(Queue<Descriptor> queue) throws IOException {
        List<Thread> threads = new ArrayList<>();
        int count = Math.min(UPLOADS, queue.size());
        for (int i = 0; i < count; i++) {
            threads.add(Thread.ofPlatform().daemon().name("upload").start(() -> work(queue)));
        }
        for (var thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        switch (failure.get()) {
            case null -> {}
            case RuntimeException e -> throw e;
            case IOException e -> throw e;
            case Exception e -> throw new IOException(e);
        }
    }

    private void work(Queue<Descriptor> queue) {
        for (var blob = queue.poll(); blob != null; blob = queue.poll()) {
            try {
                if (failure.get() == null) {
                    var sent = blob;
                    Source.patiently(
                            http,
                            () -> {
                                send(sent);
                                return null;
                            });
                }
            } catch (IOException | RuntimeException e) {
                failure.compareAndSet(null, e);
            }
        }
    }

    private void send(Descriptor blob) throws IOException {
        if (repository.hasBlob(blob.digest())) {
            running.phase(blob.digest(), Phase.PRESENT);
            return;
        }
        var from = Optional.ofNullable(elsewhere.get(blob.digest()));
        var to = repository.beginUpload(blob.digest(), from);
        if (to.isEmpty()) {
            running.phase(blob.digest(), Phase.MOUNTED);
            return;
        }
        repository.upload(to.get(), blob.digest(), body(blob));
        running.phase(blob.digest(), Phase.COMPLETE);
    }

    private BodyPublisher body(Descriptor blob) {
        if (blob.size() == 0) {
            return BodyPublishers.noBody();
        }
        return BodyPublishers.fromPublisher(
                BodyPublishers.ofInputStream(
                        () -> {
                            try {
                                return new Counted(content.open(blob.digest()), blob);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        }),
                blob.size());
    }

    /** Tells how much was read, and ends when the transfer is to end. */
    private final class Counted extends FilterInputStream {
        private final Descriptor blob;
        private long count;

        Counted(InputStream in, Descriptor blob) {
            super(in);
            this.blob = blob;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            try {
                running.check();
            } catch (FaultException e) {
                throw new IOException(e.getMessage(), e);
            }
            int read = in.read(bytes, offset, length);
            if (read > 0) {
                count += read;
                running.moved(blob.digest(), count);
            }
            return read;
        }
    }
}
