package dev.gantry.orchestrator.resident;

import dev.gantry.bus.linux.Errno;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/** One of a caller's standard descriptors: writes go to it unbuffered. */
final class CallersOutput extends OutputStream {
    private static final int LONGEST = 64 << 10;

    private final ResidentKernel kernel;
    private final RemoteInvocation caller;
    private final int descriptor;
    private boolean ended;

    CallersOutput(ResidentKernel kernel, RemoteInvocation caller, int descriptor) {
        this.kernel = kernel;
        this.caller = caller;
        this.descriptor = descriptor;
    }

    @Override
    public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
    }

    /** Closes the descriptor, between two writes: its number may soon be another's. */
    synchronized void end() {
        ended = true;
        kernel.close(descriptor);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        for (int done = 0; done < length; ) {
            if (ended) {
                throw new IOException("the command is over");
            }
            caller.aboutToWrite();
            int part = Math.min(length - done, LONGEST);
            var written = kernel.write(descriptor, bytes, offset + done, part);
            if (written.failed()) {
                throw new IOException(Errno.name(written.errno()));
            }
            done += (int) written.value();
        }
    }
}
