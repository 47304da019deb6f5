package dev.gantry.orchestrator.cli;

import dev.gantry.bus.client.AttachClient;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * The caller's standard streams and how they are joined to a process of a container.
 *
 * @param tty whether the process has a terminal
 * @param stdin whether standard input is passed on
 * @param detachKeys keys that leave a terminal, for example {@code ctrl-p,ctrl-q}
 */
public record Streams(boolean tty, boolean stdin, String detachKeys) {
    private static final int CHUNK = 32 << 10;

    /** Checks the keys. */
    public Streams {
        parseKeys(detachKeys);
    }

    /** Refuses what cannot work before anything is made. */
    void check() {
        if (tty && stdin && !Terminal.isTerminal(0)) {
            throw FaultException.invalid("standard input is not a terminal: leave -t away");
        }
    }

    /** Attaches; nothing that the process writes from now on is missed. */
    public Attached attach(String socket) {
        int flags = AttachClient.REPLAY | AttachClient.BLOCKING | (stdin ? AttachClient.STDIN : 0);
        return new Attached(this, AttachClient.connect(Path.of(socket), flags));
    }

    private static byte[] parseKeys(String keys) {
        var names = keys.isEmpty() ? new String[0] : keys.split(",");
        var bytes = new byte[names.length];
        for (int i = 0; i < names.length; i++) {
            var name = names[i].toLowerCase(Locale.ROOT);
            if (name.matches("ctrl-[a-z@\\[\\\\\\]^_]")) {
                bytes[i] = (byte) (name.charAt(5) & 0x1f);
            } else if (names[i].length() == 1) {
                bytes[i] = (byte) names[i].charAt(0);
            } else {
                throw FaultException.invalid(
                        "--detach-keys %s: %s is neither a character nor ctrl-<character>",
                        Names.quote(keys), Names.quote(names[i]));
            }
        }
        return bytes;
    }

    /** Streams that are joined. */
    public static final class Attached implements AutoCloseable {
        private final Streams streams;
        private final AttachClient client;
        private Invocation.Raw terminal;

        private Attached(Streams streams, AttachClient client) {
            this.streams = streams;
            this.client = client;
            Invocation.current().closeAtEnd(client);
        }

        /** Tells the size of the caller's terminal now and whenever it changes. */
        public void followSize(Consumer<Terminal.Size> resize) {
            Terminal.size(0).ifPresent(resize);
            Invocation.current().onSignal("WINCH", () -> Terminal.size(0).ifPresent(resize));
        }

        /** Passes everything on until the process has ended; its exit code. */
        public int pump() {
            if (streams.tty && streams.stdin) {
                terminal = Invocation.current().raw();
            }
            if (streams.stdin) {
                // A read from a terminal cannot be interrupted: the thread ends with the process.
                Thread.ofPlatform().daemon().name("stdin").start(this::sendInput);
            }
            // Not closed: errors may still have to be said.
            var caller = Invocation.current();
            try {
                return client.pump(caller.output(1), caller.output(2)).orElse(0);
            } catch (IOException e) {
                throw FaultException.of(
                        FaultCode.UNAVAILABLE, "the connection to the container broke: %s", e);
            } finally {
                restoreTerminal();
            }
        }

        private void sendInput() {
            var keys = streams.tty ? parseKeys(streams.detachKeys) : new byte[0];
            var buffer = new byte[CHUNK];
            int matched = 0;
            // Not closed: the terminal behind it is still to be given back as it was.
            var in = Invocation.current().in();
            try {
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    for (int i = 0; keys.length > 0 && i < n; i++) {
                        matched =
                                buffer[i] == keys[matched]
                                        ? matched + 1
                                        : buffer[i] == keys[0] ? 1 : 0;
                        if (matched == keys.length) {
                            client.detach();
                            return;
                        }
                    }
                    client.write(buffer, n);
                    Arrays.fill(buffer, 0, n, (byte) 0);
                }
                client.closeInput();
            } catch (IOException e) {
                // The process has ended, and with it the need for input: pump() tells its exit
                // code.
                return;
            }
        }

        private synchronized void restoreTerminal() {
            if (terminal != null) {
                terminal.close();
                terminal = null;
            }
        }

        @Override
        public void close() {
            restoreTerminal();
            try {
                client.close();
            } catch (IOException e) {
                throw FaultException.of(FaultCode.UNAVAILABLE, "close attach socket: %s", e);
            }
        }
    }
}
