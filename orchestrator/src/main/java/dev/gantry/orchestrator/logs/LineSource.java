package dev.gantry.orchestrator.logs;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.util.Optional;

/** Whole lines of a file that may still grow; one without its line end is left for later. */
final class LineSource {
    private static final int BLOCK = 64 << 10;

    private final SeekableByteChannel channel;
    private long offset;
    private long blockStart;
    private byte[] block = new byte[0];

    LineSource(SeekableByteChannel channel, long offset) {
        this.channel = channel;
        this.offset = offset;
        this.blockStart = offset;
    }

    /** Where the next line begins. */
    long offset() {
        return offset;
    }

    /** Whether a further whole line is there now. */
    boolean more() throws IOException {
        long here = offset;
        boolean there = next().isPresent();
        offset = here;
        return there;
    }

    /** The next whole line, without its end. */
    Optional<byte[]> next() throws IOException {
        var line = new ByteArrayOutputStream(256);
        long at = offset;
        while (true) {
            int index = (int) (at - blockStart);
            if (index < 0 || index >= block.length) {
                blockStart = at;
                block = LogReader.readAt(channel, at, BLOCK);
                index = 0;
                if (block.length == 0) {
                    return Optional.empty();
                }
            }
            int end = index;
            while (end < block.length && block[end] != '\n') {
                end++;
            }
            line.write(block, index, end - index);
            at = blockStart + end;
            if (end < block.length) {
                offset = at + 1;
                return Optional.of(line.toByteArray());
            }
        }
    }
}
