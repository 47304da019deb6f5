package dev.gantry.storage.build;

import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.kernel.Raw;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** A digest of files: names, types, modes, owners, attributes, content. Times do not count. */
final class ContentDigest {
    private final MessageDigest sha256 = Digests.sha256();
    private long files;

    /** Adds text, with its length, so that no two sequences are the same. */
    void text(String text) {
        bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    void raw(String raw) {
        bytes(Raw.bytes(raw));
    }

    void bytes(byte[] bytes) {
        number(bytes.length);
        sha256.update(bytes);
    }

    void number(long number) {
        sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(number).array());
    }

    /** Adds part of a file's content, whose length was added before. */
    void content(byte[] buffer, int length) {
        sha256.update(buffer, 0, length);
    }

    void file() {
        files++;
    }

    long files() {
        return files;
    }

    String digest() {
        return Digests.format(sha256.digest());
    }
}
