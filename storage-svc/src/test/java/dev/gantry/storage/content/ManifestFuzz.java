package dev.gantry.storage.content;

import dev.gantry.bus.fault.FaultException;

/**
 * Whatever a manifest or a configuration is, reading it gives one that is sound or ends in a fault
 * (security.md row 22). {@link dev.gantry.storage.fuzz.CorpusTest} runs what is known; {@code
 * src/test/fuzz/run.sh} looks for more.
 */
public final class ManifestFuzz {
    private ManifestFuzz() {}

    /** One input, as the fuzzer calls it. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        try {
            var manifest = Manifest.parse(bytes, Manifest.MEDIA_TYPE);
            if (manifest.layers().size() > Manifest.MAX_LAYERS) {
                throw new AssertionError("too many layers");
            }
            manifest.layers().forEach(layer -> sound(layer.digest()));
            sound(manifest.config().digest());
            Manifest.parse(manifest.bytes(), Manifest.MEDIA_TYPE);
        } catch (FaultException expected) {
            // What is no manifest is refused.
        }
        try {
            var document = ImageDocument.parse(bytes);
            document.diffIds().forEach(ManifestFuzz::sound);
            ImageDocument.parse(document.bytes());
        } catch (FaultException expected) {
            // What is no configuration is refused.
        }
    }

    /** It becomes part of a path. */
    private static void sound(String digest) {
        if (!digest.matches("sha256:[0-9a-f]{64}")) {
            throw new AssertionError(digest + " got through");
        }
    }
}
