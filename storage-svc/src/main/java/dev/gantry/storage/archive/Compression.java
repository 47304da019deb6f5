package dev.gantry.storage.archive;

import com.github.luben.zstd.ZstdInputStream;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/** How a layer is packed. Always unpacked in this process, never by a program (row 18). */
public enum Compression {
    NONE(""),
    GZIP("+gzip"),
    ZSTD("+zstd");

    /** Largest zstd window, as a power of two: 128 MiB, what {@code zstd} reads by default. */
    private static final int ZSTD_WINDOW_LOG = 27;

    private final String suffix;

    Compression(String suffix) {
        this.suffix = suffix;
    }

    /** The media type of a layer packed so (image-spec layer.md). */
    public String mediaType() {
        return "application/vnd.oci.image.layer.v1.tar" + suffix;
    }

    /** Of a layer's media type, OCI's or Docker's. */
    public static Compression ofMediaType(String mediaType) {
        return switch (mediaType) {
            case "application/vnd.oci.image.layer.v1.tar",
                    "application/vnd.docker.image.rootfs.diff.tar" ->
                    NONE;
            case "application/vnd.oci.image.layer.v1.tar+gzip",
                    "application/vnd.docker.image.rootfs.diff.tar.gzip" ->
                    GZIP;
            case "application/vnd.oci.image.layer.v1.tar+zstd",
                    "application/vnd.docker.image.rootfs.diff.tar.zstd" ->
                    ZSTD;
            default ->
                    throw FaultException.of(
                            FaultCode.UNSUPPORTED, "a layer of media type %s", mediaType);
        };
    }

    /** By the first bytes of a file. */
    public static Compression ofMagic(byte[] head) {
        if (begins(head, 0x1f, 0x8b)) {
            return GZIP;
        }
        if (begins(head, 0x28, 0xb5, 0x2f, 0xfd)) {
            return ZSTD;
        }
        if (begins(head, 0xfd, '7', 'z', 'X', 'Z') || begins(head, 'B', 'Z', 'h')) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED, "xz and bzip2 are not read: give plain, gzip or zstd");
        }
        return NONE;
    }

    private static boolean begins(byte[] head, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (i >= head.length || (head[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    /** The unpacked bytes. */
    public InputStream unpack(InputStream packed) throws IOException {
        return switch (this) {
            case NONE -> new BufferedInputStream(packed, 64 * 1024);
            case GZIP -> new BufferedInputStream(new GZIPInputStream(packed, 64 * 1024), 64 * 1024);
            case ZSTD ->
                    new BufferedInputStream(
                            new ZstdInputStream(packed).setLongMax(ZSTD_WINDOW_LOG), 64 * 1024);
        };
    }
}
