package dev.gantry.bus.contract.storage;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The operations of {@code storage.v1} that move whole images: from and to registries and archives.
 * Each begins a <em>transfer</em> under an id that the caller chooses and answers at once; the same
 * id again is the same transfer. Its caller {@link Follow follows} it to its end: no request is
 * long, however large the image. A transfer that nobody follows for a minute is cancelled, so that
 * none outlives a caller that died.
 */
public sealed interface TransferOperation<R> extends StorageOperation.Moving<R> {
    /** {@code os/architecture[/variant]}, in Go's words, for example {@code linux/arm64}. */
    Pattern PLATFORM = Pattern.compile("[a-z0-9]{1,32}/[a-z0-9_]{1,32}(?:/[a-z0-9]{1,32})?");

    /**
     * Begins to pull an image from the registry that its name names.
     *
     * @param nameless whether it gets no name here
     */
    record Pull(
            String transfer,
            String reference,
            Optional<String> platform,
            Optional<RegistryLogin> login,
            boolean nameless)
            implements TransferOperation<Transfer> {
        /** Checks the request; absent parts are empty. */
        public Pull {
            Names.check("transfer", transfer);
            platform = checkPlatform(platform);
            login = Absent.orEmpty(login);
            checkRemote(reference);
        }

        @Override
        public String subject() {
            return reference;
        }

        @Override
        public Class<Transfer> resultType() {
            return Transfer.class;
        }
    }

    /** Begins to push an image; {@code destination} is its name there, {@code image} if absent. */
    record Push(
            String transfer,
            String image,
            Optional<String> destination,
            Optional<RegistryLogin> login)
            implements TransferOperation<Transfer> {
        /** Checks the request; absent parts are empty. */
        public Push {
            Names.check("transfer", transfer);
            References.check(image);
            destination = Absent.orEmpty(destination);
            login = Absent.orEmpty(login);
            var name = checkRemote(destination.orElse(image));
            if (name.contains("@")) {
                throw FaultException.invalid("%s: a push goes to a tag, not a digest", name);
            }
        }

        @Override
        public String subject() {
            return destination.orElse(image);
        }

        @Override
        public Class<Transfer> resultType() {
            return Transfer.class;
        }
    }

    /** How images are packed in a file. */
    enum Format {
        /** A tar of an OCI image layout. */
        OCI_ARCHIVE,
        /** What {@code docker save} writes: manifest.json, unpacked layers. */
        DOCKER_ARCHIVE
    }

    /**
     * Begins to write images as one archive into a stream unix socket, which the caller listens on.
     */
    record Save(String transfer, List<String> images, Format format, String socket)
            implements TransferOperation<Transfer> {
        /** Checks the request. */
        public Save {
            Names.check("transfer", transfer);
            images = Absent.orEmpty(images);
            images.forEach(References::check);
            if (images.isEmpty()) {
                throw FaultException.invalid("save: no image is named");
            }
            if (format == null) {
                throw FaultException.invalid("save: no format is named");
            }
            checkPath("socket", socket);
        }

        @Override
        public String subject() {
            return String.join(" ", images);
        }

        @Override
        public Class<Transfer> resultType() {
            return Transfer.class;
        }
    }

    /**
     * Begins to take the images of an archive (either format, plain, gzip or zstd): a file of the
     * host, or a stream unix socket that the caller listens on.
     */
    record Load(String transfer, String path) implements TransferOperation<Transfer> {
        /** Checks the request. */
        public Load {
            Names.check("transfer", transfer);
            checkPath("path", path);
        }

        @Override
        public String subject() {
            return path;
        }

        @Override
        public Class<Transfer> resultType() {
            return Transfer.class;
        }
    }

    /**
     * How far a transfer is: answered as soon as its version differs from {@code seen}, or after
     * {@code waitMillis} (at most 20 s). What ended is remembered for five minutes.
     */
    record Follow(String transfer, long seen, int waitMillis)
            implements TransferOperation<Transfer> {
        /** Checks the request. */
        public Follow {
            Names.check("transfer", transfer);
            if (waitMillis < 0 || waitMillis > 20_000) {
                throw FaultException.invalid("waitMillis %d is not 0 to 20000", waitMillis);
            }
        }

        @Override
        public String subject() {
            return transfer;
        }

        @Override
        public Class<Transfer> resultType() {
            return Transfer.class;
        }
    }

    /** Ends a transfer. One that has ended, or never was, is no error. */
    record Cancel(String transfer) implements TransferOperation<Done> {
        /** Checks the request. */
        public Cancel {
            Names.check("transfer", transfer);
        }

        @Override
        public String subject() {
            return transfer;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Asks a registry which image a name means now, without pulling it. */
    record Resolve(String reference, Optional<String> platform, Optional<RegistryLogin> login)
            implements TransferOperation<Resolved> {
        /** Checks the request; absent parts are empty. */
        public Resolve {
            platform = checkPlatform(platform);
            login = Absent.orEmpty(login);
            checkRemote(reference);
        }

        @Override
        public String subject() {
            return reference;
        }

        @Override
        public Class<Resolved> resultType() {
            return Resolved.class;
        }
    }

    /**
     * What a name means in its registry.
     *
     * @param digest of the manifest for the platform: {@code digest} of the image when pulled
     * @param tagged digest of what the tag names itself, perhaps an index
     */
    record Resolved(String digest, String tagged) {}

    /** Checks an optional platform. */
    static Optional<String> checkPlatform(Optional<String> platform) {
        var given = Absent.orEmpty(platform);
        if (given.isPresent() && !PLATFORM.matcher(given.get()).matches()) {
            throw FaultException.invalid(
                    "platform %s is not os/architecture[/variant]", Names.quote(given.get()));
        }
        return given;
    }

    private static String checkRemote(String reference) {
        References.check(reference);
        if (reference.startsWith("sha256:")) {
            throw FaultException.invalid("%s is an id: a registry knows names", reference);
        }
        return reference;
    }

    private static void checkPath(String what, String path) {
        if (path == null || !path.startsWith("/") || path.indexOf('\0') >= 0) {
            throw FaultException.invalid("%s %s is not absolute", what, Names.quote(path));
        }
    }
}
