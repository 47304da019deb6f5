package dev.gantry.seccomp.syscalls;

import java.util.Optional;
import java.util.stream.Stream;

/**
 * A calling convention of the kernels that Gantry runs on, with its own table of system calls.
 *
 * <p>x32 shares the audit number of x86_64 and is told apart by bit 30 of the call's number
 * (asm/unistd.h, __X32_SYSCALL_BIT).
 */
public enum Architecture {
    X86_64("SCMP_ARCH_X86_64", "x86_64", 0xC000003E, 64, 0),
    X86("SCMP_ARCH_X86", "x86", 0x40000003, 32, 0),
    X32("SCMP_ARCH_X32", "x32", 0xC000003E, 64, 0x40000000),
    AARCH64("SCMP_ARCH_AARCH64", "aarch64", 0xC00000B7, 64, 0),
    ARM("SCMP_ARCH_ARM", "arm", 0x40000028, 32, 0);

    private final String ociName;
    private final String table;
    private final int audit;
    private final int bits;
    private final int numberBit;

    Architecture(String ociName, String table, int audit, int bits, int numberBit) {
        this.ociName = ociName;
        this.table = table;
        this.audit = audit;
        this.bits = bits;
        this.numberBit = numberBit;
    }

    /** The name that profiles use. */
    public String ociName() {
        return ociName;
    }

    /** AUDIT_ARCH_… of linux/audit.h, as in {@code seccomp_data.arch}. */
    public int audit() {
        return audit;
    }

    /** How many bits a register holds when a call is made this way. */
    public int bits() {
        return bits;
    }

    /** What is set in every call's number besides the number of the table. */
    public int numberBit() {
        return numberBit;
    }

    /** The name of its table. */
    String table() {
        return table;
    }

    /** Whether a kernel of the native architecture can be called this way. */
    public boolean occursOn(Architecture host) {
        return switch (this) {
            case X86_64, X86, X32 -> host == X86_64;
            case AARCH64, ARM -> host == AARCH64;
        };
    }

    /** By the name that profiles use. */
    public static Optional<Architecture> named(String ociName) {
        return Stream.of(values()).filter(a -> a.ociName.equals(ociName)).findFirst();
    }
}
