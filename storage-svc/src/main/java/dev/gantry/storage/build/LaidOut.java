package dev.gantry.storage.build;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.archive.LayerUnpacker;
import dev.gantry.storage.content.ContentStore;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.Trash;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.Raw;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * What lies on the host for the time of a build: files for bind mounts, secrets in memory, contexts
 * that came as archives. None of it outlives this process.
 */
final class LaidOut {
    private static final String PREFIX = "build-";
    private static final int PIPE = 256 * 1024;

    private final StorageKernel kernel;
    private final StoreFiles files;
    private final Trash trash;
    private final LayerLimits limits;
    private final Path secrets;

    /** Below the store's directory for what is being made; secrets have one of their own. */
    LaidOut(StorageKernel kernel, StoreFiles files, Trash trash, LayerLimits limits, Path secrets) {
        this.kernel = kernel;
        this.files = files;
        this.trash = trash;
        this.limits = limits;
        this.secrets = secrets;
        try {
            Files.createDirectories(
                    secrets,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            try (var left = Directory.open(kernel, secrets)) {
                left.names().forEach(name -> unlink(left, name));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void unlink(Directory in, String name) {
        in.kernel().unlinkat(in.fd(), name, 0).orThrow("unlinkat %s", in.at(name));
    }

    /** Lays out what a source of a layer writes; the path of the only file, or of all. */
    String offer(String name, FileAdding adding) {
        var place = files.tmp().resolve(PREFIX + name);
        return made(
                place,
                directory -> {
                    piped(
                            out ->
                                    adding.writeTo(
                                            out, new LayerStack(List.of()), 0, Long.MAX_VALUE),
                            directory);
                    return adding.onlyFile()
                            .map(file -> place.resolve(Raw.text(file)).toString())
                            .orElse(place.toString());
                });
    }

    /** Unpacks an archive of the host. */
    String open(String name, Path archive) {
        var place = files.tmp().resolve(PREFIX + name);
        return made(
                place,
                directory -> {
                    try (var parent = Directory.open(kernel, archive.toRealPath().getParent());
                            var file =
                                    parent.file(
                                            Raw.of(
                                                    archive.toRealPath()
                                                            .getFileName()
                                                            .toString()))) {
                        var head = file.readNBytes(8);
                        InputStream whole =
                                new SequenceInputStream(
                                        new java.io.ByteArrayInputStream(head), file);
                        LayerUnpacker.unpack(
                                Compression.ofMagic(head).unpack(whole),
                                directory,
                                limits,
                                path -> Optional.empty());
                    }
                    return place.toString();
                });
    }

    private interface Making {
        String in(Directory directory) throws IOException;
    }

    private String made(Path place, Making making) {
        try {
            Files.createDirectory(place);
            try (var directory = Directory.open(kernel, place)) {
                return making.in(directory);
            } catch (IOException | RuntimeException e) {
                forget(place);
                throw e;
            }
        } catch (java.nio.file.FileAlreadyExistsException e) {
            throw FaultException.of(
                    FaultCode.ALREADY_EXISTS, "%s is there already", place.getFileName());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file in memory that only its owner and root can read. */
    String secret(String name, byte[] content, long uid, long gid, int mode) {
        var place = secrets.resolve(PREFIX + name);
        try {
            Files.createFile(
                    place,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            Files.write(place, content);
            try (var in = Directory.open(kernel, secrets)) {
                var file = PREFIX + name;
                kernel.fchownat(in.fd(), file, uid, gid).orThrow("fchownat %s", in.at(file));
                kernel.fchmodat(in.fd(), file, mode).orThrow("fchmodat %s", in.at(file));
            }
            return place.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All names below which something lies. */
    List<String> names() {
        var names = new ArrayList<String>();
        for (var place : List.of(files.tmp(), secrets)) {
            try (var directory = Directory.open(kernel, place)) {
                directory.names().stream()
                        .filter(name -> name.startsWith(PREFIX))
                        .map(name -> name.substring(PREFIX.length()))
                        .forEach(names::add);
            }
        }
        return names;
    }

    /** Takes away what lies below a name; what is not there is no error. */
    void forget(String name) {
        forget(files.tmp().resolve(PREFIX + name));
        try (var in = Directory.open(kernel, secrets)) {
            if (in.stat(PREFIX + name).isPresent()) {
                unlink(in, PREFIX + name);
            }
        }
    }

    private void forget(Path place) {
        try (var tmp = Directory.open(kernel, files.tmp())) {
            trash.discard(tmp, Raw.of(place.getFileName().toString()));
        }
    }

    /** By way of an archive, which brings everything that a layer may have, and its limits. */
    private void piped(ContentStore.Source source, Directory to) throws IOException {
        var in = new PipedInputStream(PIPE);
        var out = new PipedOutputStream(in);
        var packed = new CompletableFuture<Void>();
        Thread.ofPlatform().daemon().name("build-offer").start(() -> pack(source, out, packed));
        try (in) {
            LayerUnpacker.unpack(in, to, limits, path -> Optional.empty());
        } catch (IOException | RuntimeException e) {
            // What the packer stumbled over, if it did, says more than that the archive is cut.
            if (packed.handle((done, failure) -> failure).join() instanceof FaultException fault) {
                throw fault;
            }
            throw e;
        }
        try {
            packed.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private static void pack(
            ContentStore.Source source, PipedOutputStream out, CompletableFuture<Void> done) {
        try (out) {
            source.writeTo(out);
            done.complete(null);
        } catch (IOException | RuntimeException e) {
            done.completeExceptionally(e);
        }
    }
}
