package dev.gantry.network.kernel;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.network.state.Ipv4;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** Reads {@code /proc/thread-self/net/{tcp,udp}{,6}}, proc(5). */
final class ProcNetSockets {
    private static final String TCP_LISTEN = "0A";

    private ProcNetSockets() {}

    static Set<String> inUse(String protocol) {
        var out = new HashSet<String>();
        for (var table : new String[] {protocol, protocol + "6"}) {
            try (var lines = Files.lines(Path.of("/proc/thread-self/net", table))) {
                lines.skip(1).forEach(line -> read(line, protocol, out));
            } catch (NoSuchFileException e) {
                // A kernel without IPv6 has no tcp6 and no udp6: there is nothing to see.
                continue;
            } catch (IOException e) {
                throw FaultException.of(
                        FaultCode.INTERNAL,
                        "read /proc/thread-self/net/%s: %s",
                        table,
                        e.getMessage());
            }
        }
        return out;
    }

    /** A line: {@code 0: 0100007F:1F90 00000000:0000 0A …}, addresses as host-order words. */
    private static void read(String line, String protocol, Set<String> out) {
        var fields = line.strip().split("\\s+");
        if (fields.length < 4 || protocol.equals("tcp") && !fields[3].equals(TCP_LISTEN)) {
            return;
        }
        int colon = fields[1].indexOf(':');
        var address = fields[1].substring(0, colon);
        int port = Integer.parseInt(fields[1].substring(colon + 1), 16);
        if (address.chars().allMatch(c -> c == '0')) {
            out.add("*:" + port);
        } else if (address.length() == 8) {
            int word = Integer.reverseBytes(Integer.parseUnsignedInt(address, 16));
            out.add(new Ipv4(word) + ":" + port);
        }
    }
}
