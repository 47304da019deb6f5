package dev.gantry.storage.content;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The directories of the store. The store itself is an OCI image layout (image-spec
 * image-layout.md), with unpacked layers, snapshots and volumes beside it.
 */
public record StoreFiles(Path root, AtomicLong counter) {
    /** Makes what is not there, mode 0700 (security.md row 25). */
    public static StoreFiles open(Path root) {
        try {
            var files = new StoreFiles(root, new AtomicLong(System.nanoTime()));
            var mode = PosixFilePermissions.fromString("rwx------");
            Files.createDirectories(root, PosixFilePermissions.asFileAttribute(mode));
            for (var directory :
                    List.of(
                            files.blobs(),
                            files.layers(),
                            files.snapshots(),
                            files.volumes(),
                            files.trash(),
                            files.unpacking(),
                            files.tmp())) {
                Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(mode));
            }
            var layout = root.resolve("oci-layout");
            if (!Files.exists(layout)) {
                files.replace(layout, "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes());
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Content by digest. */
    public Path blobs() {
        return root.resolve("blobs/sha256");
    }

    /** Unpacked layers by chain id. */
    public Path layers() {
        return root.resolve("layers");
    }

    /** Containers' writable directories. */
    public Path snapshots() {
        return root.resolve("snapshots");
    }

    /** Named volumes. */
    public Path volumes() {
        return root.resolve("volumes");
    }

    /** What is deleted in the background. */
    public Path trash() {
        return root.resolve("trash");
    }

    /** What is being made; nothing in it outlives a start. */
    public Path tmp() {
        return root.resolve("tmp");
    }

    /** Layers that are being unpacked; nothing in it outlives a start. */
    public Path unpacking() {
        return root.resolve("unpacking");
    }

    /** A path in {@link #tmp} that nobody else has. */
    public Path fresh(String what) {
        return tmp().resolve(name(what));
    }

    /** A path in {@link #unpacking} that nobody else has. */
    Path freshLayer() {
        return unpacking().resolve(name("layer"));
    }

    private String name(String what) {
        return what + "." + Long.toHexString(counter.incrementAndGet());
    }

    /** Replaces a file as a whole: after a crash it is the old one or the new one. */
    public void replace(Path file, byte[] content) throws IOException {
        var fresh = fresh("record");
        try (var channel =
                FileChannel.open(fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            var buffer = ByteBuffer.wrap(content);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        sync(file.getParent());
    }

    /** Makes a directory that is nobody else's to read (security.md row 25). */
    public static void makePrivate(Path directory) throws IOException {
        Files.createDirectory(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** fsync(2) of a directory: a rename in it is durable. */
    public static void sync(Path directory) throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
