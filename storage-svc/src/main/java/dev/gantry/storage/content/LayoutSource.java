package dev.gantry.storage.content;

import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.kernel.Directory;

import java.io.IOException;
import java.io.InputStream;

/** Where an image layout lies: a directory, or an archive. */
public interface LayoutSource {
    /** A small file beside the blobs. */
    byte[] read(String name, int most) throws IOException;

    /** A blob, not verified. NOT_FOUND if it is not there. */
    InputStream blob(String digest) throws IOException;

    /** One on the host's disk; no link in it is followed. */
    static LayoutSource of(Directory root, Directory blobs) {
        return new LayoutSource() {
            @Override
            public byte[] read(String name, int most) {
                return root.read(name, most);
            }

            @Override
            public InputStream blob(String digest) {
                return blobs.file(Digests.hex(digest));
            }
        };
    }
}
