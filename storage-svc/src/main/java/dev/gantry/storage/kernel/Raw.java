package dev.gantry.storage.kernel;

import java.nio.charset.StandardCharsets;

/**
 * File names as the kernel knows them. A name is a string of bytes in no encoding; Java's own
 * decoding would merge names that differ. So, from the archive to the kernel, a name is a {@code
 * String} with one char a byte (ISO 8859-1), called <i>raw</i>; only what people read or write is
 * converted.
 */
public final class Raw {
    private Raw() {}

    /** The raw form of text. */
    public static String of(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    /** The text of a raw name; bytes that are no UTF-8 are replaced. */
    public static String text(String raw) {
        return new String(bytes(raw), StandardCharsets.UTF_8);
    }

    /** The bytes of a raw name. */
    public static byte[] bytes(String raw) {
        return raw.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The raw name of these bytes. */
    public static String of(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
