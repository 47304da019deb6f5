package dev.gantry.storage.archive;

/**
 * What a layer may cost (security.md row 21). Each can be set by a system property {@code
 * gantry.storage.<name>}.
 *
 * @param maxBytes of a layer, unpacked
 * @param maxRatio of unpacked to packed bytes, once a layer is larger than {@code ratioFloor}
 * @param maxEntries of a layer
 * @param maxDepth directories above a file
 */
public record LayerLimits(
        long maxBytes, long maxRatio, long ratioFloor, long maxEntries, int maxDepth) {
    /** 64 GiB; 200 to 1 above 256 MiB; a million entries; 256 deep. */
    public static final LayerLimits DEFAULT =
            new LayerLimits(64L << 30, 200, 256L << 20, 1_000_000, 256);

    /** The defaults, where no system property says otherwise. */
    public static LayerLimits configured() {
        return new LayerLimits(
                Long.getLong("gantry.storage.maxBytes", DEFAULT.maxBytes),
                Long.getLong("gantry.storage.maxRatio", DEFAULT.maxRatio),
                Long.getLong("gantry.storage.ratioFloor", DEFAULT.ratioFloor),
                Long.getLong("gantry.storage.maxEntries", DEFAULT.maxEntries),
                Integer.getInteger("gantry.storage.maxDepth", DEFAULT.maxDepth));
    }
}
