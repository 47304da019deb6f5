package dev.gantry.network;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.network.state.AttachmentRecord;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** The resolv.conf, hosts and hostname of each container, to be bound into it. */
final class ContainerFiles {
    private static final Path HOST_RESOLV_CONF = Path.of("/etc/resolv.conf");
    private static final Path HOST_HOSTS = Path.of("/etc/hosts");
    private final Path directory;

    ContainerFiles(Path directory) {
        this.directory = directory;
    }

    Path resolvConf(String containerId) {
        return directory.resolve(containerId).resolve("resolv.conf");
    }

    Path hosts(String containerId) {
        return directory.resolve(containerId).resolve("hosts");
    }

    Path hostname(String containerId) {
        return directory.resolve(containerId).resolve("hostname");
    }

    /** The text of resolv.conf, hosts and hostname. */
    record Contents(String resolvConf, String hosts, String hostname) {}

    /**
     * What the three files will say.
     *
     * @param nameServers of the network; empty: those that the host uses
     */
    Contents contents(AttachmentRecord record, List<String> nameServers) {
        try {
            return new Contents(
                    resolvConf(record, nameServers), hosts(record), record.hostname() + "\n");
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.INTERNAL, "read the host's resolver files: %s", e.getMessage());
        }
    }

    /** Writes the three files, readable by all: they are bound into the container. */
    void write(AttachmentRecord record, Contents contents) {
        try {
            Files.createDirectories(directory.resolve(record.containerId()));
            put(Path.of(record.resolvConf()), contents.resolvConf());
            put(Path.of(record.hosts()), contents.hosts());
            put(Path.of(record.hostnameFile()), contents.hostname());
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.INTERNAL,
                    "write files of container %s: %s",
                    record.containerId(),
                    e.getMessage());
        }
    }

    /** The same for a shell. */
    String shell(AttachmentRecord record, Contents contents) {
        return "mkdir -p %s && printf %%s %s > %s && printf %%s %s > %s && printf %%s %s > %s"
                .formatted(
                        directory.resolve(record.containerId()),
                        quote(contents.resolvConf()),
                        record.resolvConf(),
                        quote(contents.hosts()),
                        record.hosts(),
                        quote(contents.hostname()),
                        record.hostnameFile());
    }

    private static String quote(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }

    void delete(String containerId) {
        try {
            for (var file :
                    List.of(resolvConf(containerId), hosts(containerId), hostname(containerId))) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory.resolve(containerId));
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.INTERNAL,
                    "delete files of container %s: %s",
                    containerId,
                    e.getMessage());
        }
    }

    private static String resolvConf(AttachmentRecord record, List<String> nameServers)
            throws IOException {
        var servers = record.dns().isEmpty() ? nameServers : record.dns();
        var out = new StringBuilder();
        servers.forEach(server -> out.append("nameserver ").append(server).append('\n'));
        boolean own = !record.network().equals("host");
        for (var line : hostFile(HOST_RESOLV_CONF)) {
            boolean server = line.strip().startsWith("nameserver");
            if (!server || servers.isEmpty() && !(own && ResolvConf.isLoopback(line))) {
                out.append(line).append('\n');
            }
        }
        return out.toString();
    }

    private static String hosts(AttachmentRecord record) throws IOException {
        var out = new StringBuilder();
        if (record.network().equals("host")) {
            hostFile(HOST_HOSTS).forEach(line -> out.append(line).append('\n'));
        } else {
            out.append("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
            out.append(record.address().orElse("127.0.1.1"))
                    .append('\t')
                    .append(record.hostname())
                    .append('\n');
        }
        for (var extra : record.extraHosts()) {
            int colon = extra.indexOf(':');
            out.append(extra.substring(colon + 1))
                    .append('\t')
                    .append(extra, 0, colon)
                    .append('\n');
        }
        return out.toString();
    }

    private static List<String> hostFile(Path file) throws IOException {
        return Files.isReadable(file) ? Files.readAllLines(file) : List.of();
    }

    private static void put(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }
}
