package dev.gantry.storage.content;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Digests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Content by its digest ({@code blobs/sha256}). What is in it was verified. It is synced, all at
 * once, before an image names it; what a power loss leaves of the rest no image needs.
 *
 * <p>Whoever puts content in holds a lease ({@link Images#lease}) until an image names it: nothing
 * that was put in, or {@linkplain #has found there}, while a lease is open is swept before that
 * lease is closed.
 */
public final class ContentStore {
    private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");

    private final StoreFiles files;
    private final Leases leases = new Leases();
    private final Set<String> suspects = ConcurrentHashMap.newKeySet();
    private final Map<String, Arrival> arriving = new ConcurrentHashMap<>();

    /** Over the store's directories. */
    public ContentStore(StoreFiles files) {
        this.files = files;
    }

    /** What keeps content that no image names yet. */
    Leases leases() {
        return leases;
    }

    /** The machine went down with the store open: content is verified before it counts as there. */
    void suspectAll() throws IOException {
        suspects.addAll(digests());
    }

    /** Digests of all blobs; other names are left out. */
    List<String> digests() throws IOException {
        try (var all = Files.list(files.blobs())) {
            return all.map(path -> "sha256:" + path.getFileName())
                    .filter(digest -> DIGEST.matcher(digest).matches())
                    .sorted()
                    .toList();
        }
    }

    /**
     * Whether content is there, whole. What is found is kept as long as the caller's lease; after a
     * power loss it is verified when it is first asked for, and what is broken is not there.
     */
    public boolean has(Descriptor descriptor) throws IOException {
        var path = path(descriptor.digest());
        leases.keep(path);
        if (!Files.exists(path) || Files.size(path) != descriptor.size()) {
            return false;
        }
        if (suspects.contains(descriptor.digest())) {
            if (!isWhole(descriptor.digest())) {
                return false;
            }
            suspects.remove(descriptor.digest());
        }
        return true;
    }

    /** Reads a blob to its end: whether it is what its name says. */
    boolean isWhole(String digest) throws IOException {
        var sha256 = Digests.sha256();
        var buffer = new byte[128 * 1024];
        try (var blob = open(digest)) {
            for (int count = blob.read(buffer); count >= 0; count = blob.read(buffer)) {
                sha256.update(buffer, 0, count);
            }
        }
        return Digests.format(sha256.digest()).equals(digest);
    }

    /** Takes away what is broken, so that it can be brought again. */
    void drop(String digest) throws IOException {
        Files.deleteIfExists(path(digest));
        StoreFiles.sync(files.blobs());
    }

    /** Writes content. */
    public interface Source {
        /** Writes all of it. */
        void writeTo(OutputStream out) throws IOException;
    }

    /** Takes in content of unknown digest. */
    public Descriptor put(String mediaType, Source source) throws IOException {
        var fresh = files.fresh("blob");
        try {
            var sha256 = Digests.sha256();
            long size;
            try (var channel =
                    FileChannel.open(
                            fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                var out = new DigestOutputStream(Channels.newOutputStream(channel), sha256);
                source.writeTo(out);
                size = channel.position();
            }
            var descriptor = new Descriptor(mediaType, Digests.format(sha256.digest()), size);
            name(fresh, descriptor.digest());
            return descriptor;
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** Takes in bytes. */
    public Descriptor put(String mediaType, byte[] content) throws IOException {
        return put(mediaType, out -> out.write(content));
    }

    /** Takes in content that must be what a descriptor says; nothing is kept if it is not. */
    public void put(Descriptor expected, InputStream content) throws IOException {
        if (has(expected)) {
            return;
        }
        var fresh = files.fresh("blob");
        try {
            var sha256 = Digests.sha256();
            long size = 0;
            try (var channel =
                    FileChannel.open(
                            fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                var out = new DigestOutputStream(Channels.newOutputStream(channel), sha256);
                var buffer = new byte[128 * 1024];
                for (int count = content.read(buffer); count >= 0; count = content.read(buffer)) {
                    size += count;
                    if (size > expected.size()) {
                        break;
                    }
                    out.write(buffer, 0, count);
                }
            }
            var digest = Digests.format(sha256.digest());
            if (size != expected.size() || !digest.equals(expected.digest())) {
                throw FaultException.invalid(
                        "content %s has %d bytes announced, but is %s with %s%d",
                        expected.digest(),
                        expected.size(),
                        digest,
                        size > expected.size() ? "at least " : "",
                        size);
            }
            name(fresh, digest);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** Gives content that was verified its name, under the caller's lease. */
    void name(Path fresh, String digest) throws IOException {
        leases.keep(path(digest));
        Files.move(fresh, path(digest), StandardCopyOption.ATOMIC_MOVE);
        suspects.remove(digest);
    }

    /** The way by which content comes in that is not here; the one that there is, or a new one. */
    public Arrival arrive(Descriptor expected) throws IOException {
        synchronized (arriving) {
            var present = arriving.get(expected.digest());
            if (present != null && present.join()) {
                return present;
            }
            var arrival = new Arrival(this, expected, files.fresh("blob"));
            arrival.join();
            arriving.put(expected.digest(), arrival);
            return arrival;
        }
    }

    void gone(String digest, Arrival arrival) {
        arriving.remove(digest, arrival);
    }

    /** Content that is on its way. */
    Optional<Arrival> arrival(Descriptor descriptor) {
        return Optional.ofNullable(arriving.get(descriptor.digest()));
    }

    /** Returns when content is in the store that may still be on its way; throws if it fails. */
    public void settle(String digest) {
        var arrival = arriving.get(digest);
        if (arrival != null) {
            arrival.awaitWhole();
        } else if (!Files.exists(path(digest))) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "content %s did not arrive", digest);
        }
    }

    /** A small document, verified again. */
    public byte[] read(String digest) throws IOException {
        if (!Files.exists(path(digest))) {
            throw FaultException.of(FaultCode.NOT_FOUND, "no content %s", digest);
        }
        if (size(digest) > Manifest.MAX_DOCUMENT) {
            throw FaultException.invalid(
                    "document %s has more than %d bytes", digest, Manifest.MAX_DOCUMENT);
        }
        var bytes = Files.readAllBytes(path(digest));
        if (!Digests.of(bytes).equals(digest)) {
            throw FaultException.of(
                    FaultCode.INTERNAL, "content %s was altered on the disk", digest);
        }
        return bytes;
    }

    /** All blobs that are manifests of images. */
    List<Descriptor> manifests() throws IOException {
        var manifests = new ArrayList<Descriptor>();
        for (var digest : digests()) {
            if (size(digest) <= Manifest.MAX_DOCUMENT) {
                Manifest.mediaType(Files.readAllBytes(path(digest)))
                        .ifPresent(type -> manifests.add(descriptor(type, digest)));
            }
        }
        return manifests;
    }

    private Descriptor descriptor(String mediaType, String digest) {
        return new Descriptor(mediaType, digest, sizeIfThere(digest));
    }

    /** Bytes of a blob. */
    public long size(String digest) throws IOException {
        return Files.size(path(digest));
    }

    /** Bytes of a blob; 0 if it is not there. */
    long sizeIfThere(String digest) {
        return path(digest).toFile().length();
    }

    /** Opens a blob; one that is on its way is read as it comes. */
    public InputStream open(String digest) throws IOException {
        var arrival = arriving.get(digest);
        if (arrival != null && !Files.exists(path(digest))) {
            try {
                return arrival.open();
            } catch (NoSuchFileException e) {
                // It is whole by now, or gone: the store says which.
                return Files.newInputStream(path(digest));
            }
        }
        return Files.newInputStream(path(digest));
    }

    /** Where a blob is. */
    public Path path(String digest) {
        return files.blobs().resolve(Digests.hex(digest));
    }
}
