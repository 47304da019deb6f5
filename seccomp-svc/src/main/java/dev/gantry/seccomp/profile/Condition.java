package dev.gantry.seccomp.profile;

/**
 * A condition on one argument.
 *
 * @param index which argument, 0 to 5
 * @param value what it is compared with; the mask of MASKED_EQ
 * @param valueTwo what the masked argument must equal; 0 for the other comparisons
 */
public record Condition(int index, Comparison comparison, long value, long valueTwo) {
    /** Whether it holds for an argument of which the kernel uses all 64 bits. */
    public boolean holds(long argument) {
        return switch (comparison) {
            case NE -> argument != value;
            case EQ -> argument == value;
            case LT -> Long.compareUnsigned(argument, value) < 0;
            case LE -> Long.compareUnsigned(argument, value) <= 0;
            case GE -> Long.compareUnsigned(argument, value) >= 0;
            case GT -> Long.compareUnsigned(argument, value) > 0;
            case MASKED_EQ -> (argument & value) == valueTwo;
        };
    }

    @Override
    public String toString() {
        return comparison == Comparison.MASKED_EQ
                ? String.format("argument %d & 0x%x == 0x%x", index, value, valueTwo)
                : String.format(
                        "argument %d %s %s",
                        index, comparison.symbol(), Long.toUnsignedString(value));
    }
}
