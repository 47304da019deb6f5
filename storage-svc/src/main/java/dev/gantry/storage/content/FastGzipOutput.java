package dev.gantry.storage.content;

import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/** gzip at its fastest: layers that Gantry makes are packed once and rarely sent. */
final class FastGzipOutput extends GZIPOutputStream {
    FastGzipOutput(OutputStream out) throws IOException {
        super(out, 64 * 1024);
        def.setLevel(Deflater.BEST_SPEED);
    }
}
