package dev.gantry.network.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/** libnftables(3), in its JSON form. A context is not for several threads: calls are serialised. */
final class Libnftables {
    private static final int NFT_CTX_OUTPUT_JSON = 1 << 4;

    private final MethodHandle run;
    private final MethodHandle output;
    private final MethodHandle error;
    private final MemorySegment context;

    /** Loads the library and makes a context in the calling thread's network namespace. */
    Libnftables() {
        SymbolLookup library;
        try {
            library = SymbolLookup.libraryLookup("libnftables.so.1", Arena.global());
        } catch (IllegalArgumentException e) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "libnftables.so.1 is not on this host; on Debian: apt install libnftables1");
        }
        run = function(library, "nft_run_cmd_from_buffer", JAVA_INT, ADDRESS, ADDRESS);
        output = function(library, "nft_ctx_get_output_buffer", ADDRESS, ADDRESS);
        error = function(library, "nft_ctx_get_error_buffer", ADDRESS, ADDRESS);
        context = (MemorySegment) invoke(function(library, "nft_ctx_new", ADDRESS, JAVA_INT), 0);
        if (context.equals(MemorySegment.NULL)) {
            throw FaultException.of(FaultCode.RESOURCE_EXHAUSTED, "nft_ctx_new: no memory");
        }
        invoke(function(library, "nft_ctx_buffer_output", JAVA_INT, ADDRESS), context);
        invoke(function(library, "nft_ctx_buffer_error", JAVA_INT, ADDRESS), context);
        var setFlags =
                Linker.nativeLinker()
                        .downcallHandle(
                                library.findOrThrow("nft_ctx_output_set_flags"),
                                FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT));
        invoke(setFlags, context, NFT_CTX_OUTPUT_JSON);
    }

    /** Runs the commands in one transaction; what the library printed. */
    synchronized String run(String json) {
        try (var arena = Arena.ofConfined()) {
            int code = (int) invoke(run, context, arena.allocateFrom(json));
            // Reading a buffer empties it, so both are read each time.
            var printed = text((MemorySegment) invoke(output, context));
            var complaint = text((MemorySegment) invoke(error, context));
            if (code != 0) {
                throw FaultException.of(
                        complaint.contains("Operation not permitted")
                                ? FaultCode.PERMISSION_DENIED
                                : FaultCode.INTERNAL,
                        "nft_run_cmd_from_buffer: %s (%s)",
                        complaint.strip().lines().findFirst().orElse("no reason given"),
                        json.length() > 200 ? json.substring(0, 200) + "…" : json);
            }
            return printed;
        }
    }

    private static String text(MemorySegment pointer) {
        return pointer.equals(MemorySegment.NULL)
                ? ""
                : pointer.reinterpret(Long.MAX_VALUE).getString(0);
    }

    private static MethodHandle function(
            SymbolLookup library, String name, MemoryLayout result, MemoryLayout... parameters) {
        return Linker.nativeLinker()
                .downcallHandle(
                        library.findOrThrow(name), FunctionDescriptor.of(result, parameters));
    }

    private static Object invoke(MethodHandle function, Object... arguments) {
        try {
            return function.invokeWithArguments(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
