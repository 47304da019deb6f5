/* Seccomp notification: the descriptor of the process's filter, with the container process state of the specification
 * (config-linux.md), to whoever listens at the path of the configuration. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static bool send_descriptor(const char *path, const char *text, int fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {10, 0};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec data = {(char *)text, strlen(text)};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    *part = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
    strcpy(address.sun_path, path); /* the parser has measured it */
    int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = agent >= 0 && setsockopt(agent, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
              connect(agent, (struct sockaddr *)&address, sizeof address) == 0;
    while (ok && data.iov_len) {
        ssize_t n = sendmsg(agent, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        ok = n > 0;
        data.iov_base = (char *)data.iov_base + (ok ? n : 0);
        data.iov_len -= ok ? (size_t)n : 0;
        message.msg_controllen = 0; /* once is enough */
    }
    int error = errno;
    if (agent >= 0) close(agent);
    errno = error;
    return ok;
}

/* False: the process is ended, and the report says why. */
bool pass_listener(pid_t container) {
    const struct op *op = plan_find(S.plan, OP_LISTENER), *state = plan_find(S.plan, OP_STATE);
    const char *status = S.plan->session ? "running" : "created";
    char *text = NULL;
    int fd = (int)syscall(SYS_pidfd_getfd, S.pidfd, S.report->order.listener, 0);
    if (fd >= 0 && asprintf(&text, "%s%d,\"state\":%s\"status\":\"%s\",\"pid\":%d%s}", op->s[1], S.pid, state->s[0],
                       status, container ? container : S.pid, state->s[1]) >= 0 &&
        send_descriptor(op->s[0], text, fd)) {
        close(fd);
        free(text);
        return true;
    }
    struct failure *f = &S.report->failure;
    *f = (struct failure){.op = position(op), .code = OP_LISTENER, .error = errno};
    snprintf(f->message, sizeof f->message, "failed to connect with seccomp agent at %.107s", op->s[0]);
    if (fd >= 0) close(fd);
    syscall(SYS_pidfd_send_signal, S.pidfd, SIGKILL, NULL, 0);
    return false;
}
