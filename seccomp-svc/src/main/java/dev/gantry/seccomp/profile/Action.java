package dev.gantry.seccomp.profile;

import java.util.Optional;
import java.util.stream.Stream;

/**
 * What becomes of a call.
 *
 * @param kind which of the kernel's actions
 * @param data the errno of ERRNO, the message of TRACE; 0 for the others
 */
public record Action(Kind kind, int data) {
    /** The kernel's actions, strictest first (seccomp(2), "Precedence"). */
    public enum Kind {
        KILL_PROCESS(0x80000000),
        KILL_THREAD(0x00000000),
        TRAP(0x00030000),
        ERRNO(0x00050000),
        NOTIFY(0x7fc00000),
        TRACE(0x7ff00000),
        LOG(0x7ffc0000),
        ALLOW(0x7fff0000);

        private final int value;

        Kind(int value) {
            this.value = value;
        }

        /** SECCOMP_RET_… without data. */
        public int value() {
            return value;
        }

        /** The name that profiles use. */
        public String ociName() {
            return "SCMP_ACT_" + name();
        }

        /** Whether it carries data. */
        public boolean takesErrno() {
            return this == ERRNO || this == TRACE;
        }

        /** By the name that profiles use; SCMP_ACT_KILL is the thread, as in libseccomp. */
        public static Optional<Kind> named(String ociName) {
            return ociName.equals("SCMP_ACT_KILL")
                    ? Optional.of(KILL_THREAD)
                    : Stream.of(values()).filter(k -> k.ociName().equals(ociName)).findFirst();
        }
    }

    /** Of every call that is made in an architecture the profile does not list. */
    public static final Action KILL_PROCESS = new Action(Kind.KILL_PROCESS, 0);

    /** The call is made. */
    public static final Action ALLOW = new Action(Kind.ALLOW, 0);

    /** The call is answered with an errno. */
    public static Action errno(int errno) {
        return new Action(Kind.ERRNO, errno);
    }

    /** The value that the filter returns to the kernel. */
    public int returnValue() {
        return kind.value() | data;
    }

    /** The stricter of two; this one if neither is. */
    public Action stricter(Action other) {
        return other.kind.compareTo(kind) < 0 ? other : this;
    }
}
