package dev.gantry.storage.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Memory outside the heap for data on its way between it and the kernel. Kept, for memory of this
 * size is fresh from the kernel each time otherwise, a page fault for every page.
 */
final class TransferBuffers {
    private static final int SIZE = 128 * 1024;
    private static final int KEPT = 8;

    private final BlockingQueue<MemorySegment> free = new ArrayBlockingQueue<>(KEPT);

    /** A buffer that nobody else has. */
    MemorySegment take() {
        var buffer = free.poll();
        return buffer == null ? Arena.ofAuto().allocate(SIZE) : buffer;
    }

    /** Gives it back; what is in it means nothing any more. */
    void giveBack(MemorySegment buffer) {
        free.offer(buffer); // One too many is the garbage collector's.
    }
}
