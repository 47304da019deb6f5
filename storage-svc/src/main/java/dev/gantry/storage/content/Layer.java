package dev.gantry.storage.content;

import java.util.List;

/**
 * An unpacked layer.
 *
 * @param chainId names it together with what lies below it (image-spec config.md, "ChainID")
 * @param diffId digest of its archive, unpacked
 * @param blob digest of its archive as it was packed
 * @param bytes of its files
 * @param opaqueRoot whether it hides all layers below it
 * @param notes what was left out when it was unpacked
 */
public record Layer(
        String chainId,
        String diffId,
        String blob,
        long bytes,
        boolean opaqueRoot,
        List<String> notes) {
    /** Absent notes are none. */
    public Layer {
        notes = notes == null ? List.of() : List.copyOf(notes);
    }
}
