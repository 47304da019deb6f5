package dev.gantry.orchestrator.invocation;

import dev.gantry.bus.linux.Libc;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The terminal behind this process's standard input, in raw mode: termios(3). */
final class RawTerminal implements Invocation.Raw {
    private static final int TCSANOW = 0;
    private static final int TERMIOS_BYTES = 60;
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

    private final Arena arena = Arena.ofShared();
    private final MemorySegment saved = arena.allocate(TERMIOS_BYTES);
    private boolean raw;

    private RawTerminal() {}

    /** Puts standard input into raw mode until closed. */
    static RawTerminal ofStandardInput() {
        var terminal = new RawTerminal();
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
