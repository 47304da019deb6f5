package dev.gantry.network.state;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What network-svc knows, in memory and on disk: a file a record, replaced atomically. There is no
 * fsync: the records guard against the death of a process; a power failure ends the containers too.
 * Any implementation of {@code network.v1} on this host reads and writes the same files.
 */
public final class Records {
    private final Path networkFiles;
    private final Path attachmentFiles;
    private final Map<String, NetworkRecord> networks = new ConcurrentHashMap<>();
    private final Map<String, AttachmentRecord> attachments = new ConcurrentHashMap<>();

    /** Reads what is there. */
    public Records(Path directory) {
        networkFiles = directory.resolve("networks");
        attachmentFiles = directory.resolve("attachments");
        reload();
    }

    /**
     * Reads what is there now: another implementation may have taken over, and what it did is so.
     */
    public synchronized void reload() {
        try {
            Files.createDirectories(networkFiles);
            Files.createDirectories(attachmentFiles);
            networks.keySet().removeIf(n -> !Files.exists(networkFiles.resolve(n + ".json")));
            attachments.keySet().removeIf(a -> !Files.exists(attachmentFiles.resolve(a + ".json")));
            read(networkFiles, NetworkRecord.class).forEach(n -> networks.put(n.name(), n));
            read(attachmentFiles, AttachmentRecord.class)
                    .forEach(a -> attachments.put(a.containerId(), a));
        } catch (IOException e) {
            throw failed("read records below", networkFiles.getParent(), e);
        }
    }

    /** All networks. */
    public Collection<NetworkRecord> networks() {
        return networks.values();
    }

    /** All attachments. */
    public Collection<AttachmentRecord> attachments() {
        return attachments.values();
    }

    /** The network of that name. */
    public Optional<NetworkRecord> network(String name) {
        return Optional.ofNullable(networks.get(name));
    }

    /** The container's attachment. */
    public Optional<AttachmentRecord> attachment(String containerId) {
        return Optional.ofNullable(attachments.get(containerId));
    }

    /** Keeps a network. */
    public synchronized void put(NetworkRecord network) {
        write(networkFiles.resolve(network.name() + ".json"), network);
        networks.put(network.name(), network);
    }

    /** Keeps an attachment. */
    public synchronized void put(AttachmentRecord attachment) {
        write(attachmentFiles.resolve(attachment.containerId() + ".json"), attachment);
        attachments.put(attachment.containerId(), attachment);
    }

    /** Forgets a network. */
    public synchronized void removeNetwork(String name) {
        delete(networkFiles.resolve(name + ".json"));
        networks.remove(name);
    }

    /** Forgets an attachment. */
    public synchronized void removeAttachment(String containerId) {
        delete(attachmentFiles.resolve(containerId + ".json"));
        attachments.remove(containerId);
    }

    private static <T> Collection<T> read(Path directory, Class<T> type) throws IOException {
        try (var files = Files.list(directory)) {
            var out = new java.util.ArrayList<T>();
            for (var file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
                out.add(Json.mapper().readValue(file.toFile(), type));
            }
            return out;
        }
    }

    private static void write(Path file, Object record) {
        var draft = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.write(draft, Json.mapper().writeValueAsBytes(record));
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw failed("write", file, e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw failed("delete", file, e);
        }
    }

    private static FaultException failed(String what, Path file, IOException e) {
        return FaultException.of(FaultCode.INTERNAL, "%s %s: %s", what, file, e.getMessage());
    }
}
