package dev.gantry.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The host's resolver configuration, resolv.conf(5). */
final class ResolvConf {
    private static final Path HOST = Path.of("/etc/resolv.conf");

    private ResolvConf() {}

    /** The name servers that the host uses, loopback ones included. */
    static List<String> nameServers() {
        try {
            return Files.readAllLines(HOST).stream()
                    .filter(line -> line.strip().startsWith("nameserver"))
                    .map(ResolvConf::server)
                    .filter(server -> !server.isEmpty())
                    .toList();
        } catch (IOException e) {
            // A host without the file, or with one that is not for everybody to read, has no name
            // servers to offer: names outside are answered SERVFAIL.
            return List.of();
        }
    }

    /** Whether a container could not reach the line's name server: loopback is its own there. */
    static boolean isLoopback(String line) {
        return isLoopbackAddress(server(line));
    }

    static boolean isLoopbackAddress(String server) {
        return server.startsWith("127.") || server.equals("::1");
    }

    private static String server(String line) {
        var words = line.strip().split("\\s+");
        return words.length > 1 && words[0].equals("nameserver") ? words[1] : "";
    }
}
