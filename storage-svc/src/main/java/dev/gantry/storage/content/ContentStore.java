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
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;

/** Content by its digest ({@code blobs/sha256}). What is in it was verified and synced. */
public final class ContentStore {
    private final StoreFiles files;

    /** Over the store's directories. */
    public ContentStore(StoreFiles files) {
        this.files = files;
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
                channel.force(true);
            }
            var descriptor = new Descriptor(mediaType, Digests.format(sha256.digest()), size);
            Files.move(fresh, path(descriptor.digest()), StandardCopyOption.ATOMIC_MOVE);
            StoreFiles.sync(files.blobs());
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
        if (Files.exists(path(expected.digest())) && size(expected.digest()) == expected.size()) {
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
                channel.force(true);
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
            Files.move(fresh, path(digest), StandardCopyOption.ATOMIC_MOVE);
            StoreFiles.sync(files.blobs());
        } finally {
            Files.deleteIfExists(fresh);
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

    /** Bytes of a blob. */
    public long size(String digest) throws IOException {
        return Files.size(path(digest));
    }

    /** Opens a blob. */
    public InputStream open(String digest) throws IOException {
        return Files.newInputStream(path(digest));
    }

    /** Where a blob is. */
    public Path path(String digest) {
        return files.blobs().resolve(Digests.hex(digest));
    }
}
