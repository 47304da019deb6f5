/* A shim that is called for one plan (gantry-launcher --called): it keeps the stdio that it was started with, so no
 * service stands between the command and the caller's pipes; with --apart its child is the caller's own, so that
 * whoever reaps for the caller (conmon, containerd's shim) learns how the container ended, from the kernel. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 30000 /* ms for the plan to come */, REAPED = 1000 /* ms for the parent of a dead child to reap it */ };

struct called called;
static int caller; /* pidfd: who called */

/* Takes the caller's descriptors 3 … to the same numbers here, before anything else can have them. */
void called_prepare(void) {
    const unsigned pid = identity(called.pid), most = called.preserve ? identity(called.preserve) : 0;
    if (most > MAX_FDS) errno = EINVAL, die("--preserve-fds");
    close_range(3, ~0u, 0);
    caller = (int)syscall(SYS_pidfd_open, pid, 0);
    if (caller < 0 || (caller = fcntl(caller, F_DUPFD_CLOEXEC, 3 + (int)most)) < 0) die("pidfd_open the caller");
    close(3);
    for (unsigned fd = 3; fd < 3 + most; fd++) {
        int got = (int)syscall(SYS_pidfd_getfd, caller, fd, 0);
        if (got < 0) {
            fprintf(stderr, "gantry-launcher: --preserve-fds: descriptor %u: %s\n", fd, strerror(errno));
            exit(1);
        }
        if (fcntl(got, F_SETFD, 0) < 0 || got != (int)fd) die("take the caller's descriptors");
    }
    L.preserved = (int)most;
}

/* The caller's death before the plan came ends this too: nobody would want it any more. */
static int plan_connection(const char *path) {
    const int listening = listen_on(path);
    for (;;) {
        struct pollfd fds[2] = {{listening, POLLIN, 0}, {caller, POLLIN, 0}};
        if (poll(fds, 2, PATIENCE) <= 0 || !fds[0].revents) {
            unlink(path);
            _exit(1);
        }
        int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        if (connection >= 0 && trusted(connection)) {
            unlink(path);
            close(listening);
            return connection;
        }
        if (connection >= 0) close(connection);
    }
}

void called_main(const char *path) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_NAME, called.container ? "gantry-exec" : "gantry-shim");
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    const int connection = plan_connection(path);
    close_fd(&caller);
    shim_called(connection);
}

/* For a further process: the container's directory and its init, if that is still the process that it was. */
int called_init(int *parent) {
    static char path[256];
    char text[64] = "";
    unsigned pid = 0;
    unsigned long start = 0;
    if (!called.container) return *parent = L.state, -1;
    if (!plan_id_valid(called.container, MAX_ID)) errno = EINVAL, die("--exec");
    snprintf(path, sizeof path, "%s/%s", L.state_path, called.container);
    L.state_path = path;
    *parent = openat(L.state, called.container, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int file = *parent < 0 ? -1 : openat(*parent, "pid", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0 || read(file, text, sizeof text - 1) <= 0 || sscanf(text, "%u %lu", &pid, &start) != 2) die(path);
    close(file);
    int init = (int)syscall(SYS_pidfd_open, pid, 0);
    if (init < 0 || start_time_of((pid_t)pid) != start) errno = ESRCH, die(path);
    return init;
}

/* This shim must not hold pipes open whose end somebody waits for. */
void called_leave_stdio(void) {
    for (int i = 0; i < 3; i++)
        if (dup2(L.null, i) < 0) fail_now(errno, -1, "leave the caller's stdio");
}

/* The caller's stdio becomes the command's. */
void called_stdio(int stdio[3]) {
    for (int i = 0; i < 3; i++)
        if ((stdio[i] = fcntl(i, F_DUPFD_CLOEXEC, 3)) < 0) fail_now(errno, -1, "keep the caller's stdio");
    called_leave_stdio();
}

/* The other end of the terminal goes to who listens at the console socket; its name with it, as receivers expect. */
void called_console(int master) {
    static const char NAME[] = "/dev/ptmx";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct iovec text = {(char *)NAME, sizeof NAME - 1};
    union {
        char bytes[CMSG_SPACE(sizeof master)];
        struct cmsghdr align;
    } control = {0};
    struct msghdr message = {
        .msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    *part = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof master)};
    memcpy(CMSG_DATA(part), &master, sizeof master);
    if (strlen(called.console) >= sizeof address.sun_path)
        fail_now(ENAMETOOLONG, -1, "console socket %.150s", called.console);
    strcpy(address.sun_path, called.console);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
        fail_now(errno, -1, "send the terminal to console socket %.150s", called.console);
    close(fd);
}

struct ended { /* struct pidfd_info of linux/pidfd.h, in its first form */
    uint64_t mask, cgroup;
    uint32_t ids[11];
    int32_t status;
};
enum { INFO_EXIT = 1 << 3 };

/* How a child ended that another reaps: the kernel tells it by the pidfd once that is done (Linux 6.15). */
bool apart_status(int *status) {
    struct pollfd reaped = {S.pidfd, 0, 0};
    struct ended how = {.mask = INFO_EXIT};
    const uint64_t end = now(CLOCK_MONOTONIC) + REAPED * 1000000ull;
    while (!(reaped.revents & POLLHUP)) {
        const uint64_t at = now(CLOCK_MONOTONIC);
        if (at >= end) return false;
        if (poll(&reaped, 1, (int)((end - at) / 1000000) + 1) < 0 && errno != EINTR) return false;
    }
    if (ioctl(S.pidfd, _IOWR(0xFF, 11, struct ended), &how) < 0 || !(how.mask & INFO_EXIT)) return false;
    *status = how.status;
    return true;
}
