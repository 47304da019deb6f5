package dev.gantry.seccomp.bpf;

/** A filter as a graph without cycles, before its jumps are laid out. */
sealed interface Node {
    /** The end: what the kernel is told. */
    record Return(int value) implements Node {}

    /** Loads the word at an offset of {@code seccomp_data}. */
    record Load(int offset, Node next) implements Node {}

    /** Keeps some bits of what is loaded. */
    record And(int mask, Node next) implements Node {}

    /** Compares what is loaded with k, unsigned. */
    record Test(Kind kind, int k, Node yes, Node no) implements Node {}

    /** How a test compares. */
    enum Kind {
        EQUAL(Instruction.JUMP_EQUAL),
        GREATER(Instruction.JUMP_GREATER),
        GREATER_EQUAL(Instruction.JUMP_GREATER_EQUAL);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }
    }
}
