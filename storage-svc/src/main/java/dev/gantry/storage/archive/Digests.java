package dev.gantry.storage.archive;

import dev.gantry.storage.kernel.NativeSha256;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 in the form of image-spec descriptor.md. */
public final class Digests {
    private Digests() {}

    /** A new digest, for much data. */
    public static MessageDigest sha256() {
        return NativeSha256.create().orElseGet(Digests::ofTheJdk);
    }

    private static MessageDigest ofTheJdk() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** {@code sha256:<hex>}. */
    public static String format(byte[] digest) {
        return "sha256:" + HexFormat.of().formatHex(digest);
    }

    /** {@code sha256:<hex>} of these bytes. */
    public static String of(byte[] content) {
        // A document: not worth the loading of a library.
        return format(ofTheJdk().digest(content));
    }

    /** The hexadecimal part. */
    public static String hex(String digest) {
        return digest.substring("sha256:".length());
    }
}
