package dev.gantry.orchestrator.resident;

import dev.gantry.bus.fault.FaultException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A caller's first message: the command, and where it was called
 * (orchestrator/src/main/c/README.md).
 *
 * @param surroundings in which the same name means the same thing
 * @param preserved so many descriptors from 3 on are to be handed on
 * @param name of the command: gantry or gantry-oci
 * @param build what the caller is of
 */
record Handover(
        Surroundings surroundings,
        int preserved,
        String name,
        String build,
        Path directory,
        List<String> arguments,
        Map<String, String> environment) {
    private static final int VERSION = 1;
    private static final int MOST_STRINGS = 100_000;

    /** Reads the message; INVALID_ARGUMENT where it is none. */
    static Handover read(byte[] message) {
        var in = ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
        try {
            if (in.get() != 'C' || in.getInt() != VERSION) {
                throw FaultException.invalid("a caller speaks another protocol");
            }
            int umask = in.getInt();
            int preserved = in.getInt();
            var identities = new ArrayList<Long>();
            for (int i = 0; i < Surroundings.IDENTITIES; i++) {
                identities.add(in.getLong());
            }
            var name = string(in);
            var build = string(in);
            var directory = Path.of(string(in));
            var arguments = strings(in);
            var environment = new HashMap<String, String>();
            for (var line : strings(in)) {
                int equals = line.indexOf('=');
                if (equals > 0) {
                    environment.putIfAbsent(line.substring(0, equals), line.substring(equals + 1));
                }
            }
            return new Handover(
                    new Surroundings(umask, identities),
                    preserved,
                    name,
                    build,
                    directory,
                    arguments,
                    environment);
        } catch (java.nio.BufferUnderflowException e) {
            throw FaultException.invalid("a caller's message is cut short");
        }
    }

    private static List<String> strings(ByteBuffer in) {
        int count = in.getInt();
        if (count < 0 || count > MOST_STRINGS) {
            throw FaultException.invalid("a caller announces %d strings", count);
        }
        var strings = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            strings.add(string(in));
        }
        return strings;
    }

    private static String string(ByteBuffer in) {
        int from = in.position();
        while (in.get() != 0) {
            // Up to the NUL byte.
        }
        return new String(in.array(), from, in.position() - 1 - from, StandardCharsets.UTF_8);
    }
}
