package dev.gantry.storage;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.Trash;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Chooses how roots are made: as the system property {@code gantry.storage.driver} says, else the
 * file {@code driver} in the store, else {@code auto}: overlay where it can write, native
 * elsewhere.
 */
final class Drivers {
    private static final String AUTO = "auto";
    private static final int MOST = 64;

    private final StorageKernel kernel;
    private final StoreFiles files;
    private final Images images;
    private final Trash trash;

    Drivers(StorageKernel kernel, StoreFiles files, Images images, Trash trash) {
        this.kernel = kernel;
        this.files = files;
        this.images = images;
        this.trash = trash;
    }

    /** A driver, and why it is this one, in words. */
    record Choice(RootDriver driver, String reason) {}

    Choice choose() {
        var property = System.getProperty("gantry.storage.driver", "");
        var file = files.root().resolve("driver");
        if (!property.isEmpty()) {
            return choose(property, "configured by gantry.storage.driver");
        }
        return choose(configured(file), "configured by " + file);
    }

    private static String configured(Path file) {
        try {
            if (!Files.exists(file)) {
                return AUTO;
            }
            if (Files.size(file) > MOST) {
                throw FaultException.invalid("%s has more than %d bytes", file, MOST);
            }
            return Files.readString(file, StandardCharsets.ISO_8859_1).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Choice choose(String wanted, String reason) {
        var obstacle = overlayObstacle();
        return switch (wanted.toLowerCase(Locale.ROOT)) {
            case AUTO ->
                    obstacle.isEmpty()
                            ? new Choice(
                                    new OverlayRoots(kernel),
                                    "layers are directories, merged by overlayfs in the container's"
                                            + " own mounts")
                            : new Choice(
                                    new CopiedRoots(kernel, images),
                                    "roots are copies: overlayfs cannot write here, "
                                            + obstacle.get());
            case "overlay" -> {
                obstacle.ifPresent(what -> refuse(wanted, reason, what));
                yield new Choice(new OverlayRoots(kernel), reason);
            }
            case "native" -> new Choice(new CopiedRoots(kernel, images), reason);
            case "btrfs" -> {
                if (!BtrfsRoots.works(kernel, files, trash)) {
                    refuse(wanted, reason, "no subvolume can be made on " + fileSystem());
                }
                yield new Choice(new BtrfsRoots(kernel, files, images, trash, bases()), reason);
            }
            default ->
                    throw FaultException.invalid(
                            "storage driver %s, %s: is none of auto, overlay, native, btrfs",
                            Names.quote(wanted), reason);
        };
    }

    private static void refuse(String wanted, String reason, String obstacle) {
        throw FaultException.of(
                FaultCode.UNSUPPORTED, "storage driver %s, %s: %s", wanted, reason, obstacle);
    }

    private Directory bases() {
        var bases = files.root().resolve("bases");
        try {
            if (!Files.isDirectory(bases)) {
                StoreFiles.makePrivate(bases);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Directory.open(kernel, bases);
    }

    /** The file system on which the store is. */
    String fileSystem() {
        try (var root = Directory.open(kernel, files.root())) {
            return FileSystems.of(root);
        }
    }

    /** What keeps overlayfs from writing there (Documentation/filesystems/overlayfs.rst). */
    private Optional<String> overlayObstacle() {
        var fileSystem = fileSystem();
        if (fileSystem.equals("overlay")) {
            return Optional.of("it does not stack on itself");
        }
        var fresh = files.fresh("probe").getFileName().toString();
        try (var tmp = Directory.open(kernel, files.tmp())) {
            kernel.mkdirat(tmp.fd(), fresh, 0700).orThrow("mkdirat %s", tmp.at(fresh));
            try (var probe = tmp.descend(fresh)) {
                var mark =
                        kernel.lsetxattr(probe.fd(), ".", "user.overlay.opaque", new byte[] {'y'});
                if (mark.failed()) {
                    return Optional.of(
                            fileSystem + " has no attributes of users: " + mark.answer());
                }
                var whiteout = kernel.whiteout(probe.fd(), "whiteout");
                return whiteout.failed()
                        ? Optional.of(fileSystem + " has no whiteouts: " + whiteout.answer())
                        : Optional.empty();
            } finally {
                trash.discard(tmp, fresh);
            }
        }
    }
}
