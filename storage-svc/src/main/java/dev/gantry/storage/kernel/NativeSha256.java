package dev.gantry.storage.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.security.MessageDigest;
import java.util.Optional;

/**
 * SHA-256 by OpenSSL's libcrypto (SHA256_Init(3)), where the host has it: it uses the processor's
 * own instructions. The JDK does so only in code that its second compiler made, which the services
 * run without, and is ten times slower then.
 */
public final class NativeSha256 extends MessageDigest {
    private static final System.Logger LOG = System.getLogger(NativeSha256.class.getName());
    private static final int LENGTH = 32;

    /** SHA256_CTX has 112 bytes. */
    private static final int CONTEXT_LONGS = 32;

    private final MemorySegment context = MemorySegment.ofArray(new long[CONTEXT_LONGS]);
    private final Functions functions;

    private NativeSha256(Functions functions) {
        super("SHA-256");
        this.functions = functions;
        engineReset();
    }

    /** What is called of the library. */
    private record Functions(MethodHandle init, MethodHandle update, MethodHandle end) {}

    /** Loaded when the first digest is wanted. */
    private static final class Library {
        static final Optional<Functions> FUNCTIONS = load();

        private static Optional<Functions> load() {
            try {
                var library = SymbolLookup.libraryLookup("libcrypto.so.3", Arena.global());
                var functions =
                        new Functions(
                                link(library, "SHA256_Init", ADDRESS),
                                link(library, "SHA256_Update", ADDRESS, ADDRESS, JAVA_LONG),
                                link(library, "SHA256_Final", ADDRESS, ADDRESS));
                return Optional.of(functions);
            } catch (IllegalArgumentException | java.util.NoSuchElementException e) {
                LOG.log(System.Logger.Level.INFO, "digests by the JDK: {0}", e.getMessage());
                return Optional.empty();
            }
        }

        private static MethodHandle link(
                SymbolLookup library, String name, java.lang.foreign.MemoryLayout... arguments) {
            return Linker.nativeLinker()
                    .downcallHandle(
                            library.find(name).orElseThrow(),
                            FunctionDescriptor.of(JAVA_INT, arguments),
                            // They are short and block on nothing, so heap memory may be theirs.
                            Linker.Option.critical(true));
        }
    }

    /** A new digest, if the host has the library. */
    public static Optional<MessageDigest> create() {
        return Library.FUNCTIONS.map(NativeSha256::new);
    }

    @Override
    protected int engineGetDigestLength() {
        return LENGTH;
    }

    @Override
    protected void engineReset() {
        try {
            check((int) functions.init.invokeExact(context));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    protected void engineUpdate(byte value) {
        engineUpdate(new byte[] {value}, 0, 1);
    }

    @Override
    protected void engineUpdate(byte[] bytes, int offset, int length) {
        var input = MemorySegment.ofArray(bytes).asSlice(offset, length);
        try {
            check((int) functions.update.invokeExact(context, input, (long) length));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    @Override
    protected byte[] engineDigest() {
        var digest = new byte[LENGTH];
        try {
            check((int) functions.end.invokeExact(MemorySegment.ofArray(digest), context));
        } catch (Throwable e) {
            throw unexpected(e);
        }
        engineReset();
        return digest;
    }

    private static void check(int answer) {
        if (answer != 1) {
            throw new IllegalStateException("libcrypto cannot digest");
        }
    }

    private static RuntimeException unexpected(Throwable e) {
        return e instanceof RuntimeException known
                ? known
                : new IllegalStateException("libcrypto cannot be called", e);
    }
}
