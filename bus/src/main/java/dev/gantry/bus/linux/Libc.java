package dev.gantry.bus.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * Links C functions so that a call's errno is captured with its return value. It knows how to call;
 * what may be called stands in each service's own kernel interface.
 *
 * <p>A handle from {@link #function} takes, before the C arguments, the segment in which errno is
 * captured: {@link #call} gives it.
 */
public final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle CLOSE =
            function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    /** One call of a handle from {@link #function} or {@link #variadic}. */
    @FunctionalInterface
    public interface Call {
        /**
         * Calls.
         *
         * @param captureState the handle's first argument
         * @param arena for what the arguments point to
         * @return the C function's value
         */
        long invoke(MemorySegment captureState, Arena arena) throws Throwable;
    }

    private Libc() {}

    /** A libc function, for example {@code openat}, with errno captured. */
    public static MethodHandle function(String name, FunctionDescriptor descriptor) {
        return function(LINKER.defaultLookup(), name, descriptor);
    }

    /**
     * A variadic libc function, for example {@code ioctl}.
     *
     * @param firstVariadic index of the first variadic argument
     */
    public static MethodHandle variadic(
            String name, FunctionDescriptor descriptor, int firstVariadic) {
        return LINKER.downcallHandle(
                symbol(LINKER.defaultLookup(), name),
                descriptor,
                Linker.Option.firstVariadicArg(firstVariadic),
                Linker.Option.captureCallState("errno"));
    }

    /** A function of another library, with errno captured. */
    public static MethodHandle function(
            SymbolLookup library, String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(
                symbol(library, name), descriptor, Linker.Option.captureCallState("errno"));
    }

    /** Calls, and calls again while a signal interrupts (EINTR). */
    public static SyscallResult call(Call call) {
        try (var arena = Arena.ofConfined()) {
            return call(arena, call);
        }
    }

    /** {@link #call(Call)} with memory that outlives it, for what the function writes. */
    public static SyscallResult call(Arena arena, Call call) {
        var state = captureState(arena);
        SyscallResult result;
        do {
            result = once(arena, state, call);
        } while (result.errno() == Errno.EINTR);
        return result;
    }

    /**
     * close(2), once: on Linux the descriptor is gone even if a signal interrupts it, and its
     * number may be somebody else's already.
     */
    public static SyscallResult close(int descriptor) {
        try (var arena = Arena.ofConfined()) {
            return once(
                    arena,
                    captureState(arena),
                    (state, unused) -> (int) CLOSE.invokeExact(state, descriptor));
        }
    }

    private static SyscallResult once(Arena arena, MemorySegment state, Call call) {
        try {
            return result(call.invoke(state, arena), state);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            // A downcall throws only if its type and its arguments disagree.
            throw new LinkageError("a C function could not be called", e);
        }
    }

    /** Room for a captured errno. */
    private static MemorySegment captureState(Arena arena) {
        return arena.allocate(CAPTURE);
    }

    /** The value with the errno captured beside it: a negative value is a failure. */
    private static SyscallResult result(long value, MemorySegment captureState) {
        return new SyscallResult(value, value < 0 ? (int) ERRNO.get(captureState, 0L) : 0);
    }

    private static MemorySegment symbol(SymbolLookup library, String name) {
        return library.find(name)
                .orElseThrow(() -> new UnsupportedOperationException("no C function " + name));
    }
}
