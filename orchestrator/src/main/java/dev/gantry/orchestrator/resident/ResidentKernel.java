package dev.gantry.orchestrator.resident;

import dev.gantry.bus.linux.SyscallResult;

import java.nio.file.Path;

/**
 * Every kernel call that the resident command line makes beyond what the JDK does: a socket that
 * carries messages with descriptors. Names are those of section 2 of the manual.
 */
interface ResidentKernel {
    /**
     * A message, and the descriptors that came with it (close-on-exec); none of either at the end.
     */
    record Message(byte[] bytes, int[] descriptors) {}

    /** socket(2), bind(2) and listen(2): SOCK_SEQPACKET, mode 0600. */
    int listen(Path path);

    /** accept4(2). */
    SyscallResult accept(int listening);

    /** SO_PEERCRED of socket(7): uid and pid of who connected. */
    Peer peer(int connection);

    /** Who connected. */
    record Peer(int pid, int uid) {}

    /**
     * recvmsg(2); an empty message where the other side has gone.
     *
     * @param longest bytes; a longer message is INVALID_ARGUMENT
     */
    Message receive(int connection, int longest);

    /** send(2), MSG_NOSIGNAL. */
    SyscallResult send(int connection, byte[] message);

    /** write(2): at most as many bytes as asked for. */
    SyscallResult write(int descriptor, byte[] bytes, int offset, int length);

    /** shutdown(2), both ways. */
    void shutdown(int connection);

    /** close(2). */
    void close(int descriptor);
}
