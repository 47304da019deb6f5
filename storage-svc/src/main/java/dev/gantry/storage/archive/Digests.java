package dev.gantry.storage.archive;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 in the form of image-spec descriptor.md. */
public final class Digests {
    private Digests() {}

    /** A new digest. */
    public static MessageDigest sha256() {
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
        return format(sha256().digest(content));
    }

    /** The hexadecimal part. */
    public static String hex(String digest) {
        return digest.substring("sha256:".length());
    }
}
