/* A child whose parent must be in other namespaces than the shim's when it clones: pid and time count for children alone, a
 * user namespace takes away the right to enter the others. So that the shim stays where it is, a process in between does it;
 * CLONE_PARENT makes the child the shim's own, or its parent's where that is to have it. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

bool enters_first(void) {
    const uint32_t made = S.plan->namespaces, joined = S.plan->joined;
    return !S.plan->session &&
           (joined & (CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWTIME) || made & CLONE_NEWTIME || (made & CLONE_NEWUSER && joined));
}

__attribute__((format(printf, 3, 4))) static _Noreturn void fail(int op, int error, const char *format, ...) {
    struct failure *f = &S.report->failure;
    va_list args;
    *f = (struct failure){.op = op, .code = op < 0 ? 0 : S.plan->ops[op].code, .error = error};
    va_start(args, format);
    vsnprintf(f->message, sizeof f->message, format, args);
    va_end(args);
    _exit(1);
}

static void enter(const struct request *request, bool user) {
    for (uint32_t i = 0; i < S.plan->count; i++) {
        const struct op *op = &S.plan->ops[i];
        if (op->code != OP_SETNS || (op->n[0] == CLONE_NEWUSER) != user) continue;
        int fd = op->flags & SETNS_FD ? request->fd[op->n[1]] : open(op->s[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0 && op->n[0] == CLONE_NEWNS && is_own_mounts(fd))
            fail((int)i, EPERM, "%.150s is the host's mount namespace", op->s[0] ? op->s[0] : "");
        if (fd < 0 || setns(fd, (int)op->n[0]) < 0)
            fail((int)i, errno, "setns 0x%x %.150s", (unsigned)op->n[0], op->s[0] ? op->s[0] : "");
    }
}

/* Offsets can be written until the first process is inside. */
static void make_time(void) {
    const struct op *op = plan_find(S.plan, OP_TIME_OFFSETS);
    char text[128];
    if (!(S.plan->namespaces & CLONE_NEWTIME)) return;
    if (unshare(CLONE_NEWTIME) < 0)
        fail(position(plan_find(S.plan, OP_NAMESPACES)), errno, "unshare a time namespace");
    if (!op) return;
    int length = snprintf(text, sizeof text, "monotonic %ld %lu\nboottime %ld %lu\n", (long)op->n[0],
        (unsigned long)op->n[1], (long)op->n[2], (unsigned long)op->n[3]);
    int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        fail(position(op), errno, "write timens_offsets: monotonic %ld boottime %ld", (long)op->n[0], (long)op->n[2]);
    close(fd);
}

pid_t clone_inside(const struct request *request, uint32_t namespaces, int into, int pair[2]) {
    int pidfd = -1, status = 0;
    struct clone_args like_fork = {.flags = CLONE_PIDFD | (L.apart ? CLONE_PARENT : 0),
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = L.apart ? 0 : SIGCHLD};
    pid_t maker = (pid_t)syscall(SYS_clone3, &like_fork, sizeof like_fork);
    if (maker < 0) return -1;
    if (maker == 0) {
        enter(request, false);
        make_time();
        enter(request, true);
        struct clone_args args = {.flags = namespaces | CLONE_PARENT | (into >= 0 ? CLONE_INTO_CGROUP : 0),
            .cgroup = (uint64_t)into};
        long pid = syscall(SYS_clone3, &args, sizeof args);
        if (pid == 0) {
            close(pair[0]);
            child_main(S.report, pair[1]);
        }
        if (pid < 0) fail(position(plan_find(S.plan, OP_NAMESPACES)), errno, "clone3 flags 0x%x", namespaces);
        S.report->order.child = (int)pid;
        _exit(0);
    }
    S.report->order.entered = true;
    struct pollfd end = {pidfd, POLLIN, 0}; /* apart, it is the caller's to reap */
    while (L.apart ? poll(&end, 1, -1) < 0 && errno == EINTR : waitpid(maker, &status, 0) < 0 && errno == EINTR) continue;
    close(pidfd);
    if (S.report->failure.error) give_up(&S.report->failure);
    if (status || S.report->order.child <= 0) fail_now(ECANCELED, -1, "the process that enters namespaces was ended");
    return S.report->order.child;
}
