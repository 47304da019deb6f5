package dev.gantry.orchestrator.cli;

import dev.gantry.bus.linux.Libc;
import dev.gantry.orchestrator.invocation.Invocation;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** The terminal that the command line was typed on, and its size (ioctl_tty(2)). */
public final class Terminal {
    /** Rows and columns, in characters. */
    public record Size(int rows, int columns) {}

    private static final long TIOCGWINSZ = 0x5413;
    private static final MethodHandle ISATTY =
            Libc.function(
                    "isatty", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle IOCTL =
            Libc.variadic(
                    "ioctl",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.ADDRESS),
                    2);

    private Terminal() {}

    /** Whether the caller's descriptor 0, 1 or 2 is a terminal. */
    public static boolean isTerminal(int standard) {
        int descriptor = Invocation.current().descriptor(standard);
        return Libc.call((errno, arena) -> (int) ISATTY.invokeExact(errno, descriptor)).value()
                == 1;
    }

    /** The size of the terminal behind the caller's descriptor 0, 1 or 2, if it is one. */
    static Optional<Size> size(int standard) {
        int descriptor = Invocation.current().descriptor(standard);
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
}
