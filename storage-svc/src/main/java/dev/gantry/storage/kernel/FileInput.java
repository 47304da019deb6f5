package dev.gantry.storage.kernel;

import java.io.InputStream;

/** Reads an open regular file. A failed read is a fault that names it. */
public final class FileInput extends InputStream {
    private final StorageKernel kernel;
    private final int fd;
    private final long size;
    private final String path;

    FileInput(StorageKernel kernel, int fd, long size, String path) {
        this.kernel = kernel;
        this.fd = fd;
        this.size = size;
        this.path = path;
    }

    /** Its size when it was opened. */
    public long size() {
        return size;
    }

    @Override
    public int read() {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) {
        if (length == 0) {
            return 0;
        }
        int count = (int) kernel.read(fd, bytes, offset, length).orThrow("read %s", path);
        return count == 0 ? -1 : count;
    }

    @Override
    public void close() {
        kernel.close(fd);
    }
}
