package dev.gantry.bus.linux;

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
 * <p>A handle from {@link #function} takes, before the C arguments, a segment from {@link
 * #captureState}; after the call {@link #result} makes the {@link SyscallResult}.
 */
public final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

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

    /** Room for a captured errno. */
    public static MemorySegment captureState(Arena arena) {
        return arena.allocate(CAPTURE);
    }

    /** The value with the errno captured beside it: a negative value is a failure. */
    public static SyscallResult result(long value, MemorySegment captureState) {
        return new SyscallResult(value, value < 0 ? (int) ERRNO.get(captureState, 0L) : 0);
    }

    private static MemorySegment symbol(SymbolLookup library, String name) {
        return library.find(name)
                .orElseThrow(() -> new UnsupportedOperationException("no C function " + name));
    }
}
