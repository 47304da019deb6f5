package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.core.type.TypeReference;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.store.AtomicFile;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A directory for each container: {@code state.json}, replaced as a whole, {@code config.json}, a
 * copy of the bundle's, and {@code lock}. A command that changes a container holds its lock.
 */
final class StateStore {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_+.-]{1,1024}");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_.-]{1,100}");
    private static final String STATE = "state.json";
    private static final String CONFIG = "config.json";

    private final Path root;

    StateStore(Path root) {
        this.root = root;
    }

    /** The id, if it is one: what runc takes. */
    static String check(String id) {
        if (!ID.matcher(id).matches() || id.equals(".") || id.equals("..")) {
            throw FaultException.invalid(
                    "invalid id format: %s", dev.gantry.bus.contract.Names.quote(id));
        }
        return id;
    }

    /**
     * The name under which the services know a container: two roots may have containers of one id.
     */
    String key(String id) {
        var all = digest(root + "\0" + id);
        return PLAIN.matcher(id).matches()
                ? "oci-" + digest(root.toString()).substring(0, 8) + "-" + id
                : "oci-" + all.substring(0, 40);
    }

    private static String digest(String text) {
        try {
            var sha256 = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha256.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Makes the directory of a new container; ALREADY_EXISTS if there is one. */
    Locked create(String id) {
        try {
            Files.createDirectories(
                    root,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx--x--x")));
            Files.createDirectory(
                    root.resolve(id),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            return lock(id).orElseThrow(() -> failed("create", id, "it was deleted meanwhile"));
        } catch (FileAlreadyExistsException e) {
            throw FaultException.of(
                    FaultCode.ALREADY_EXISTS, "container with given ID already exists: %s", id);
        } catch (IOException e) {
            throw failed("create", id, e.toString());
        }
    }

    /** The container, for a command that changes it: waits for its turn. */
    Locked existing(String id) {
        return find(id).orElseThrow(() -> missing(id));
    }

    /** The same; empty where there is none. */
    Optional<Locked> find(String id) {
        check(id);
        try {
            return lock(id);
        } catch (IOException e) {
            throw failed("lock", id, e.toString());
        }
    }

    /** What is known of a container, for a command that only looks. */
    ContainerState look(String id) {
        check(id);
        return read(id).orElseThrow(() -> missing(id));
    }

    /** All that are known, in the order of their ids. */
    List<ContainerState> all() {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(root)) {
            return children.map(path -> path.getFileName().toString())
                    .sorted()
                    .flatMap(id -> read(id).stream())
                    .toList();
        } catch (IOException e) {
            throw failed("list", root.toString(), e.toString());
        }
    }

    /** The configuration that it was created with. */
    byte[] config(String id) {
        try {
            return Files.readAllBytes(root.resolve(id).resolve(CONFIG));
        } catch (IOException e) {
            throw failed("read the configuration of", id, e.toString());
        }
    }

    private Optional<ContainerState> read(String id) {
        try {
            return AtomicFile.read(
                    root.resolve(id).resolve(STATE), new TypeReference<ContainerState>() {});
        } catch (IOException e) {
            throw failed("read the state of", id, e.toString());
        }
    }

    private Optional<Locked> lock(String id) throws IOException {
        var directory = root.resolve(id);
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        var channel =
                FileChannel.open(
                        directory.resolve("lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
        // A lock is a process's, and commands may share one.
        var turn = Turns.take(directory);
        try {
            channel.lock();
            if (Files.exists(directory.resolve("lock"))) {
                return Optional.of(new Locked(id, directory, channel, turn));
            }
        } catch (IOException | RuntimeException e) {
            turn.close();
            channel.close();
            throw e;
        }
        turn.close();
        channel.close(); // deleted by whom we waited for
        return Optional.empty();
    }

    private static FaultException missing(String id) {
        return FaultException.of(FaultCode.NOT_FOUND, "container %s does not exist", id);
    }

    private static FaultException failed(String what, String id, String why) {
        return FaultException.of(FaultCode.INTERNAL, "%s %s: %s", what, id, why);
    }

    /** A container whose turn this command has. */
    final class Locked implements AutoCloseable {
        private final String id;
        private final Path directory;
        private final FileChannel lock;
        private final Turns.Turn turn;

        private Locked(String id, Path directory, FileChannel lock, Turns.Turn turn) {
            this.id = id;
            this.directory = directory;
            this.lock = lock;
            this.turn = turn;
        }

        /** Empty: its creation was cut off before anything was made. */
        Optional<ContainerState> state() {
            return read(id);
        }

        void save(ContainerState state) {
            try {
                AtomicFile.write(directory.resolve(STATE), state);
            } catch (IOException e) {
                throw failed("write the state of", id, e.toString());
            }
        }

        void saveConfig(byte[] config) {
            try {
                Files.write(directory.resolve(CONFIG), config);
            } catch (IOException e) {
                throw failed("write the configuration of", id, e.toString());
            }
        }

        /** Forgets it. The lock goes last, so that a crash leaves something to be deleted again. */
        void remove() {
            try {
                for (var name : List.of(STATE + ".new", CONFIG, STATE, "lock")) {
                    Files.deleteIfExists(directory.resolve(name));
                }
                Files.delete(directory);
            } catch (IOException e) {
                throw failed("remove the state of", id, e.toString());
            }
        }

        @Override
        public void close() {
            try {
                lock.close();
            } catch (IOException e) {
                throw failed("unlock", id, e.toString());
            } finally {
                turn.close();
            }
        }
    }
}
