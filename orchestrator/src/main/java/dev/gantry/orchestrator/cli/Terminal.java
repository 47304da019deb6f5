package dev.gantry.orchestrator.cli;

import dev.gantry.bus.linux.Libc;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The terminal that the command line was typed on: raw mode (termios(3)) and size (ioctl_tty(2)).
 */
public final class Terminal implements AutoCloseable {
    /** Rows and columns, in characters. */
    public record Size(int rows, int columns) {}

    private static final long TIOCGWINSZ = 0x5413;
    private static final int TCSANOW = 0;
    private static final int TERMIOS_BYTES = 60;
    private static final MethodHandle ISATTY =
            Libc.function(
                    "isatty", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle TCGETATTR =
            Libc.function(
                    "tcgetattr",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    private static final MethodHandle TCSETATTR =
            Libc.function(
                    "tcsetattr",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS));
    private static final MethodHandle CFMAKERAW =
            Libc.function("cfmakeraw", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
    private static final MethodHandle IOCTL =
            Libc.variadic(
                    "ioctl",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.ADDRESS),
                    2);

    private final Arena arena = Arena.ofShared();
    private final MemorySegment saved = arena.allocate(TERMIOS_BYTES);
    private boolean raw;

    /** Whether a descriptor is a terminal. */
    public static boolean isTerminal(int descriptor) {
        return Libc.call((errno, arena) -> (int) ISATTY.invokeExact(errno, descriptor)).value()
                == 1;
    }

    /** The size of the terminal behind a descriptor, if it is one. */
    static Optional<Size> size(int descriptor) {
        try (var arena = Arena.ofConfined()) {
            var winsize = arena.allocate(8);
            var asked =
                    Libc.call(
                            arena,
                            (errno, a) ->
                                    (int)
                                            IOCTL.invokeExact(
                                                    errno, descriptor, TIOCGWINSZ, winsize));
            int rows = winsize.get(ValueLayout.JAVA_SHORT, 0) & 0xffff;
            int columns = winsize.get(ValueLayout.JAVA_SHORT, 2) & 0xffff;
            return asked.failed() || rows == 0 || columns == 0
                    ? Optional.empty()
                    : Optional.of(new Size(rows, columns));
        }
    }

    /** Puts standard input into raw mode until closed. */
    static Terminal raw() {
        var terminal = new Terminal();
        try (var arena = Arena.ofConfined()) {
            Libc.call((errno, a) -> (int) TCGETATTR.invokeExact(errno, 0, terminal.saved))
                    .orThrow("tcgetattr on standard input");
            var changed = arena.allocate(TERMIOS_BYTES).copyFrom(terminal.saved);
            Libc.call(
                    (errno, a) -> {
                        CFMAKERAW.invokeExact(errno, changed);
                        return 0;
                    });
            set(changed);
            terminal.raw = true;
            return terminal;
        }
    }

    private static void set(MemorySegment termios) {
        Libc.call((errno, arena) -> (int) TCSETATTR.invokeExact(errno, 0, TCSANOW, termios))
                .orThrow("tcsetattr on standard input");
    }

    /** Gives the terminal back as it was. */
    @Override
    public synchronized void close() {
        if (!raw) {
            return;
        }
        raw = false;
        try {
            set(saved);
        } finally {
            arena.close();
        }
    }
}
