package dev.gantry.storage.archive;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.Optional;

/** Counts and, if wanted, digests what is read, and ends a bomb (security.md row 21). */
public final class MeteredInput extends FilterInputStream {
    private final Optional<MessageDigest> sha256;
    private final long packedBytes;
    private final LayerLimits limits;
    private long count;

    private MeteredInput(
            InputStream in, long packedBytes, LayerLimits limits, Optional<MessageDigest> sha256) {
        super(in);
        this.packedBytes = packedBytes;
        this.limits = limits;
        this.sha256 = sha256;
    }

    /**
     * Over a stream that unpacks.
     *
     * @param packedBytes how many bytes it was packed in
     */
    public MeteredInput(InputStream in, long packedBytes, LayerLimits limits) {
        this(in, packedBytes, limits, Optional.of(Digests.sha256()));
    }

    /** The same without a {@link #digest}. */
    public static MeteredInput undigested(InputStream in, long packedBytes, LayerLimits limits) {
        return new MeteredInput(in, packedBytes, limits, Optional.empty());
    }

    /** {@code sha256:…} of what was read. */
    public String digest() {
        return Digests.format(sha256.orElseThrow().digest());
    }

    @Override
    public int read() throws IOException {
        int value = in.read();
        if (value >= 0) {
            byte one = (byte) value;
            sha256.ifPresent(digest -> digest.update(one));
            count(1);
        }
        return value;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int read = in.read(bytes, offset, length);
        if (read > 0) {
            sha256.ifPresent(digest -> digest.update(bytes, offset, read));
            count(read);
        }
        return read;
    }

    /** Reads: what is skipped counts for the digest. */
    @Override
    public long skip(long wanted) throws IOException {
        var buffer = new byte[(int) Math.min(64 * 1024, Math.max(wanted, 0))];
        return Math.max(0, read(buffer, 0, buffer.length));
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private void count(int read) {
        count += read;
        if (count > limits.maxBytes()) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "layer: more than %d bytes unpacked",
                    limits.maxBytes());
        }
        if (count > limits.ratioFloor() && count / limits.maxRatio() > packedBytes) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "layer: %d bytes were packed in %d, more than %d to 1",
                    count,
                    packedBytes,
                    limits.maxRatio());
        }
    }
}
