package dev.gantry.namespace.launcher;

import dev.gantry.bus.linux.SyscallResult;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Every kernel call that namespace-svc makes beyond what the JDK does with plain files. None needs
 * a capability: what does is the launcher's. Names are those of section 2 of the manual.
 */
public interface NamespaceKernel {
    /**
     * socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC) and connect(2).
     *
     * @return the descriptor
     */
    SyscallResult connect(Path socket);

    /** getsockopt(SO_PEERCRED): the pid of who listens at the other end. */
    SyscallResult peerPid(int socket);

    /** send(2) of one packet, MSG_NOSIGNAL; EAGAIN where it would have to wait. */
    SyscallResult send(int socket, ByteBuffer packet);

    /** recv(2) of one packet into the buffer, from its start; 0: the peer is gone. */
    SyscallResult receive(int socket, ByteBuffer packet);

    /** shutdown(SHUT_RDWR): whoever waits for the socket sees its end. */
    SyscallResult shutdown(int socket);

    /** close(2). */
    SyscallResult close(int descriptor);

    /** epoll_create1(EPOLL_CLOEXEC). */
    SyscallResult epollCreate();

    /** epoll_ctl(EPOLL_CTL_ADD) for input; the descriptor itself is what a wait returns. */
    SyscallResult epollAdd(int epoll, int descriptor);

    /** epoll_wait(2) without limit of time: the number of ready descriptors, put into the array. */
    SyscallResult epollWait(int epoll, int[] ready);

    /** eventfd(2). */
    SyscallResult eventfd();

    /** write(2) of the number 1 to an eventfd. */
    SyscallResult wake(int eventfd);

    /**
     * open(2) and flock(LOCK_SH | LOCK_NB) of a directory, and close: EAGAIN says that another
     * holds its exclusive lock.
     */
    SyscallResult probeLock(Path directory);
}
