/* One shim for each container and each exec session: it makes the child, then holds its stdio, log, sockets and exit
 * status. It outlives the launcher and the JVM. Single-threaded, one poll loop. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONTROLS = 16, CHUNK = 32 << 10 };
enum phase { CREATED, RUNNING, EXITED };

static struct shim {
    struct report *report;
    struct plan *plan;            /* in the report */
    int stdio[3];                 /* the child's ends */
    int cgroup[32], init;         /* for the child: cgroup.procs; pidfd of the container's init, for a session */
    uint64_t base, base_mono;
    struct control { int fd; bool watches; } control[MAX_CONTROLS];
    int controls;
    int creator;                  /* connection of the CREATE, -1: gone */
    int starter;                  /* descriptor of who asked for START, -1: nobody waits */
    uint32_t starter_seq, create_seq;
    pid_t pid;
    int pidfd, sync, dir, parent, control_socket, attach_socket, signals, recorded;
    char name[160];
    uint64_t start_time, exit_time;
    enum phase phase;
    bool told, wanted, released, failing, tty, once, fed;
    int code, signal;
    int in, out[2];               /* to and from the container */
    char *input;                  /* what it did not take yet */
    size_t input_at, input_left;
    bool input_ends;
    uint16_t rows, cols;
    struct log *log;
} S;

static struct spare { /* an init cloned ahead of need */
    struct report *report;
    pid_t pid;
    int pidfd, sync;
    uint32_t made;
} spare;

static struct list user_map[2]; /* of the container; its sessions' shims inherit it */

static void fail_now(int error, int op, const char *format, ...) __attribute__((format(printf, 3, 4), noreturn));

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* ---- replies ---- */

static void drop(int i) {
    if (S.starter == S.control[i].fd) S.starter = -1;
    if (S.creator == S.control[i].fd) S.creator = -1;
    close(S.control[i].fd);
    S.control[i] = S.control[--S.controls];
}

static void reply(int fd, uint16_t type, uint32_t seq, struct buffer *body) {
    if (!send_message(fd, type, seq, body)) shutdown(fd, SHUT_RDWR); /* its loop turn then drops it */
    if (body) free(body->at);
}

static void send_timings(int fd, uint32_t seq) {
    struct buffer body = {0};
    uint32_t many = 0;
    for (uint32_t i = 0; i < S.plan->count; i++) many += S.report->at[i].done == 1;
    put(&body, S.base, 8);
    put(&body, many, 4);
    for (uint32_t i = 0; i < S.plan->count; i++) {
        struct timing *t = &S.report->at[i];
        if (t->done != 1) continue;
        put(&body, i, 2);
        put(&body, S.plan->ops[i].code, 2);
        put(&body, (uint32_t)t->error, 4);
        put(&body, t->start - S.base_mono, 8);
        put(&body, t->duration, 8);
        t->done = 2;
    }
    reply(fd, M_TIMINGS, seq, &body);
}

static void reply_error(int fd, uint32_t seq, int error, const char *message) {
    struct failure f = {.op = -1, .error = error};
    snprintf(f.message, sizeof f.message, "%s", message);
    if (!send_failure(fd, seq, &f)) shutdown(fd, SHUT_RDWR);
}

static void tell_exit(int fd) {
    struct buffer body = {0};
    put(&body, (uint32_t)S.code, 4);
    put(&body, (uint32_t)S.signal, 4);
    put(&body, S.exit_time, 8);
    reply(fd, M_EXITED, 0, &body);
}

static void tell_created(bool running) {
    struct buffer body = {0};
    put(&body, (uint32_t)S.pid, 4);
    put(&body, S.start_time, 8);
    put(&body, (uint32_t)getpid(), 4);
    put(&body, running, 1);
    S.told = true;
    reply(S.creator, M_CREATED, S.create_seq, &body);
    send_timings(S.creator, S.create_seq);
}

/* ---- making the child ---- */

static void forget_directory(void) {
    static const char *const FILES[] = {"pid", "exit", "exit.new", "ctl", "attach"};
    for (size_t i = 0; S.dir >= 0 && i < sizeof FILES / sizeof *FILES; i++) unlinkat(S.dir, FILES[i], 0);
    if (S.dir >= 0) unlinkat(S.parent, S.name, AT_REMOVEDIR);
}

/* Nothing is left of a container that could not be made. */
static _Noreturn void give_up(const struct failure *failure) {
    if (S.pid > 0) {
        syscall(SYS_pidfd_send_signal, S.pidfd, SIGKILL, NULL, 0);
        while (waitpid(S.pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    forget_directory();
    send_failure(S.creator, S.create_seq, failure);
    if (S.report) send_timings(S.creator, S.create_seq);
    _exit(0);
}

static void fail_now(int error, int op, const char *format, ...) {
    struct failure f = {.op = op, .error = error, .code = op >= 0 ? S.plan->ops[op].code : 0};
    va_list args;
    va_start(args, format);
    vsnprintf(f.message, sizeof f.message, format, args);
    va_end(args);
    give_up(&f);
}

static int position(const struct op *op) {
    return op ? (int)(op - S.plan->ops) : -1;
}

static void timed(const struct op *op, uint64_t start) {
    S.report->at[position(op)] = (struct timing){.start = start, .duration = now(CLOCK_MONOTONIC) - start, .done = 1};
}

static void make_directory_of_it(void) {
    snprintf(S.name, sizeof S.name, "%s%s", S.plan->session ? "exec-" : "", S.plan->id);
    if (mkdirat(S.parent, S.name, 0750) < 0) fail_now(errno, 0, "mkdir %s/%s", L.state_path, S.name);
    S.dir = openat(S.parent, S.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (S.dir < 0) fail_now(errno, 0, "open %s", S.name);
    if (flock(S.dir, LOCK_EX | LOCK_NB) < 0 || fchown(S.dir, 0, L.gid) < 0 || fchmod(S.dir, 0750) < 0 || fchdir(S.dir) < 0) fail_now(errno, 0, "lock %s", S.name);
    snprintf(S.report->order.state, sizeof S.report->order.state, "%s/%s", L.state_path, S.name);
}

static int open_cgroup(const struct op *op, const char *path, const char *file, uint64_t flags) {
    struct statfs fs;
    char relative[4096];
    snprintf(relative, sizeof relative, "%s%s%s", path + sizeof "/sys/fs/cgroup", *file ? "/" : "", file);
    int fd = open_at(L.cgroups, relative, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (fd < 0) fail_now(errno, position(op), "open %.150s", path);
    if (fstatfs(fd, &fs) < 0 || (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC)) fail_now(EINVAL, position(op), "%.150s is not in a cgroup hierarchy", path);
    return fd;
}

static int prepare_cgroups(bool cloned) { /* the v2 directory to be cloned into, or -1 */
    int into = -1;
    for (uint32_t i = 0; i < S.plan->count; i++) {
        const struct op *op = &S.plan->ops[i];
        uint64_t start = now(CLOCK_MONOTONIC);
        if (op->code == OP_CGROUP_WRITE) {
            size_t length = strlen(op->s[1]);
            int fd = open_cgroup(op, op->s[0], "", O_WRONLY);
            if (write(fd, op->s[1], length) != (ssize_t)length) fail_now(errno, (int)i, "write %.120s: %.80s", op->s[0], op->s[1]);
            close(fd);
            timed(op, start);
        }
        for (uint32_t j = 0; op->code == OP_CGROUP && j < op->list[0].count; j++) {
            const struct item *it = &op->list[0].at[j];
            if (it->n[0] == 2 && !cloned) into = open_cgroup(op, it->s, "", O_PATH | O_DIRECTORY);
            else S.cgroup[S.report->order.cgroups++] = open_cgroup(op, it->s, "cgroup.procs", O_WRONLY);
        }
    }
    return into;
}

/* What only the parent can enter: a pid namespace counts for children alone; with an own user namespace the child would no
 * longer have the right to enter any. */
static void enter_namespaces(const struct request *request) {
    const bool all = S.plan->namespaces & CLONE_NEWUSER;
    for (uint32_t i = 0; i < S.plan->count; i++) {
        const struct op *op = &S.plan->ops[i];
        if (op->code != OP_SETNS) continue;
        const int kinds = (int)op->n[0] & (all ? ~0 : CLONE_NEWPID);
        if (!kinds) continue;
        int fd = op->flags & SETNS_FROM_INIT ? S.init : op->flags & SETNS_FD ? request->fd[op->n[1]] : open(op->s[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 || setns(fd, kinds) < 0) fail_now(errno, (int)i, "setns 0x%x %.150s", (unsigned)kinds, op->s[0] ? op->s[0] : "");
    }
    S.report->order.entered = all;
}

static unsigned outside(const struct list *list, unsigned id) {
    for (uint32_t i = 0; i < list->count; i++)
        if (id - list->at[i].n[0] < list->at[i].n[2]) return id - list->at[i].n[0] + list->at[i].n[1];
    return id;
}

/* The process may open its stdio again by /dev/stderr, so the pipes are its user's; never a device of the host. */
static void give_stdio(void) {
    const struct op *user = plan_find(S.plan, OP_UID);
    const uid_t uid = outside(&user_map[0], (uid_t)user->n[0]);
    const gid_t gid = outside(&user_map[1], (gid_t)user->n[1]);
    for (int i = 0; i < 3; i++)
        if (S.stdio[i] != L.null && fchown(S.stdio[i], uid, gid) < 0) fail_now(errno, position(user), "chown stdio to %u:%u", uid, gid);
}

static void prepare_stdio(void) {
    const struct op *stdio = plan_find(S.plan, OP_STDIO), *log = plan_find(S.plan, OP_LOG);
    const int flags = stdio ? stdio->flags : 0;
    int pipes[3][2];
    S.tty = plan_find(S.plan, OP_TTY);
    S.once = flags & STDIO_ONCE;
    if (log && !(S.log = log_open(log->s[0], log->n[0], (uint32_t)log->n[1], (gid_t)log->n[2]))) fail_now(errno, position(log), "open log %.180s", log->s[0]);
    S.stdio[0] = S.stdio[1] = S.stdio[2] = L.null;
    if (S.tty) return;
    if (flags & STDIO_STDIN) {
        if (pipe2(pipes[0], O_CLOEXEC) < 0) fail_now(errno, position(stdio), "pipe");
        S.stdio[0] = pipes[0][0];
        S.in = pipes[0][1];
        fcntl(S.in, F_SETFL, O_NONBLOCK);
    }
    for (int i = 1; i < 3; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) < 0) fail_now(errno, -1, "pipe");
        S.out[i - 1] = pipes[i][0];
        fcntl(pipes[i][0], F_SETFL, O_NONBLOCK);
    }
    S.stdio[1] = pipes[1][1];
    S.stdio[2] = pipes[2][1];
    give_stdio();
}

static void write_map(const char *which, const struct list *list, const struct op *op) {
    char path[64], text[4096];
    size_t used = 0;
    for (uint32_t i = 0; i < list->count && used < sizeof text; i++) used += (size_t)snprintf(text + used, sizeof text - used, "%u %u %u\n", list->at[i].n[0], list->at[i].n[1], list->at[i].n[2]);
    snprintf(path, sizeof path, "/proc/%d/%s", S.pid, which);
    int fd = used < sizeof text ? open(path, O_WRONLY | O_CLOEXEC) : (errno = E2BIG, -1);
    if (fd < 0 || write(fd, text, used) != (ssize_t)used) fail_now(errno, position(op), "write %s", path);
    close(fd);
}

static void after_clone(void) {
    const struct op *map = plan_find(S.plan, OP_USERMAP), *oom = plan_find(S.plan, OP_OOM_SCORE);
    uint64_t start = now(CLOCK_MONOTONIC);
    if (map) {
        write_map("uid_map", &map->list[0], map);
        write_map("gid_map", &map->list[1], map);
        timed(map, start);
    }
    if (oom) {
        char path[64], value[16];
        start = now(CLOCK_MONOTONIC);
        snprintf(path, sizeof path, "/proc/%d/oom_score_adj", S.pid);
        int length = snprintf(value, sizeof value, "%d", (int32_t)oom->n[0]), fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, value, (size_t)length) != length) fail_now(errno, position(oom), "write %s: %s", path, value);
        close(fd);
        timed(oom, start);
    }
}

static uint64_t start_time_of(pid_t pid) {
    char path[32], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = 0;
    const char *at = strrchr(text, ')'); /* the name before may hold anything */
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

static struct report *new_report(void) {
    void *at = mmap(NULL, sizeof(struct report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* The child waits in child_main() for its order. */
static pid_t clone_child(struct report *report, uint32_t namespaces, int into, int *pidfd, int *sync) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -1;
    struct clone_args args = {
        .flags = namespaces | CLONE_PIDFD | (into >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)into};
    report->order.made = namespaces;
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) {
        close(pair[0]);
        child_main(report, pair[1]);
    }
    *sync = pair[0];
    int error = errno;
    close(pair[1]);
    errno = error;
    return (pid_t)pid;
}

/* What is given to the child cloned ahead must be all that it has apart from what it can still unshare or enter. Not the
 * mount namespace: a copy of the host's from before would lack what was mounted since. */
static bool spare_fits(void) {
    const uint32_t *joined = &S.plan->joined, all = S.plan->namespaces | *joined;
    return spare.pid > 0 && !S.plan->session && !(all & CLONE_NEWUSER) && !(*joined & CLONE_NEWPID) && !(spare.made & ~all);
}

static void make_child(struct request *request) {
    const struct op *op = plan_find(S.plan, OP_NAMESPACES);
    const bool fits = spare_fits();
    int into = prepare_cgroups(fits);
    enter_namespaces(request);
    if (fits) {
        S.pid = spare.pid;
        S.pidfd = spare.pidfd;
        S.sync = spare.sync;
    } else {
        if (spare.pid > 0) close(spare.sync), close(spare.pidfd); /* it sees the end and goes */
        uint64_t start = now(CLOCK_MONOTONIC);
        S.pid = clone_child(S.report, S.plan->namespaces & ~(uint32_t)CLONE_NEWCGROUP, into, &S.pidfd, &S.sync);
        if (S.pid < 0) fail_now(errno, position(op), "clone3 flags 0x%x", S.plan->namespaces);
        if (op) timed(op, start);
    }
    if (into >= 0) close(into);
}

static void give_order(struct request *request) {
    union { char bytes[CMSG_SPACE(sizeof(int) * 100)]; struct cmsghdr align; } control = {0};
    int fd[100] = {S.stdio[0], S.stdio[1], S.stdio[2]}, n = 3;
    struct iovec text = {(char[]){'P'}, 1};
    if (S.plan->session) fd[n++] = S.init;
    for (int i = 0; i < S.report->order.cgroups; i++) fd[n++] = S.cgroup[i];
    for (uint32_t i = 0; i < request->fds; i++) fd[n++] = request->fd[i];
    S.report->order.init = S.plan->session;
    S.report->order.fds = (int)request->fds;
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = CMSG_SPACE(sizeof *fd * (size_t)n)};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    *part = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof *fd * (size_t)n)};
    memcpy(CMSG_DATA(part), fd, sizeof *fd * (size_t)n);
    if (sendmsg(S.sync, &message, MSG_NOSIGNAL) != 1) fail_now(errno, -1, "give the plan to the child");
    for (int i = 0; i < S.report->order.cgroups; i++) close(S.cgroup[i]);
    for (uint32_t i = 0; i < request->fds; i++) close(request->fd[i]);
    for (int i = 0; i < 3; i++)
        if (S.stdio[i] != L.null) close(S.stdio[i]);
}

void shim_prepare(uint32_t namespaces) {
    spare.report = new_report();
    if (!spare.report) return; /* then it is made when it is needed, and fails there, or not */
    spare.made = namespaces;
    spare.pid = clone_child(spare.report, namespaces, -1, &spare.pidfd, &spare.sync);
}

static int listening(const char *name, int type, uid_t owner) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    umask(0177);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || lchown(name, owner, (gid_t)-1) < 0 || listen(fd, 64) < 0) fail_now(errno, 0, "listen on %s", name);
    umask(022);
    return fd;
}

static int write_file(const char *name, const char *text) {
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    size_t length = strlen(text);
    if (fd >= 0 && (fchown(fd, 0, L.gid) < 0 || fchmod(fd, 0640) < 0 || write(fd, text, length) != (ssize_t)length)) close_fd(&fd);
    return fd;
}

static void make_files(void) { /* beside the child, which is at its operations meanwhile */
    char text[64];
    S.start_time = start_time_of(S.pid);
    snprintf(text, sizeof text, "%d %lu\n", S.pid, (unsigned long)S.start_time);
    int fd = write_file("pid", text);
    if (fd < 0) fail_now(errno, 0, "write pid");
    close(fd);
    S.control_socket = listening("ctl", SOCK_SEQPACKET, L.uid);
    S.attach_socket = listening("attach", SOCK_STREAM, 0);
}

/* ---- life ---- */

static void release(void) {
    if (S.released || !S.wanted) return;
    const struct op *stdio = plan_find(S.plan, OP_STDIO);
    if (stdio && stdio->flags & STDIO_WAIT_ATTACH && !attach_clients()) return;
    S.released = true;
    if (send(S.sync, "G", 1, MSG_NOSIGNAL) != 1) S.failing = true; /* it is dead: its end says why */
}

void shim_attached(void) {
    release();
}

void shim_left(void) {
    if (S.once && S.fed) shim_input_end();
}

static void started(const struct failure *failure) {
    if (S.starter < 0) return;
    if (failure) {
        if (!send_failure(S.starter, S.starter_seq, failure)) shutdown(S.starter, SHUT_RDWR);
    } else {
        reply(S.starter, M_STARTED, S.starter_seq, NULL);
    }
    send_timings(S.starter, S.starter_seq);
    S.starter = -1;
}

/* The child's end of the socket is closed: it runs the command now, or failed, or died. */
static void sync_ended(void) {
    struct failure *f = &S.report->failure;
    const uint32_t last = S.plan->count - 1;
    struct timing *exec = &S.report->at[last];
    close_fd(&S.sync);
    if (!f->error && !exec->start) {
        *f = (struct failure){.op = -1, .error = ECANCELED};
        snprintf(f->message, sizeof f->message, "the process was killed before it ran the command");
    }
    if (f->error) {
        if (!S.told) give_up(f);
        S.failing = true;
        started(f);
        return;
    }
    exec->duration = now(CLOCK_MONOTONIC) - exec->start;
    exec->done = 1;
    S.phase = RUNNING;
    if (!S.told) tell_created(true);
    started(NULL);
}

static void sync_event(void) {
    char what, room[CMSG_SPACE(sizeof(int))];
    struct iovec text = {&what, 1};
    while (S.sync >= 0) {
        struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
        ssize_t n = recvmsg(S.sync, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0) return sync_ended();
        const struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        if (what == 'T' && part) {
            memcpy(&S.in, CMSG_DATA(part), sizeof S.in);
            fcntl(S.in, F_SETFL, O_NONBLOCK);
            S.out[0] = fcntl(S.in, F_DUPFD_CLOEXEC, 3);
            if (S.rows) shim_resize(S.rows, S.cols);
        } else if (what == 'W') {
            tell_created(false);
            release();
        }
    }
}

static void record_exit(int status) {
    char text[80];
    S.exit_time = now(CLOCK_REALTIME);
    S.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    S.code = S.signal ? 128 + S.signal : WEXITSTATUS(status);
    if (S.failing && !S.signal && S.report->failure.error) {
        S.code = S.report->failure.error == ENOENT ? 127 : 126;
        S.signal = 0;
    }
    S.phase = EXITED;
    snprintf(text, sizeof text, "%d %d %lu\n", S.code, S.signal, (unsigned long)S.exit_time);
    S.recorded = write_file("exit.new", text);
    if (S.recorded < 0 || rename("exit.new", "exit") < 0) S.exit_time |= 1; /* the event still tells it */
    for (int i = 0; i < S.controls; i++)
        if (S.control[i].watches) tell_exit(S.control[i].fd);
    close_fd(&S.in);
    S.input_left = 0;
}

static void signal_event(void) {
    struct signalfd_siginfo info;
    int status;
    while (read(S.signals, &info, sizeof info) == sizeof info) continue;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid != S.pid) continue; /* orphans: a shim is a subreaper, and the parent of its sessions' shims */
        sync_event();
        if (S.sync >= 0) sync_ended();
        record_exit(status);
    }
}

/* ---- stdio ---- */

static bool write_input(void) {
    while (S.in >= 0 && S.input_left) {
        ssize_t n = write(S.in, S.input + S.input_at, S.input_left);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return false;
        if (n <= 0) {
            S.input_left = 0; /* nobody reads any more */
            break;
        }
        S.input_at += (size_t)n;
        S.input_left -= (size_t)n;
    }
    if (S.input_ends && S.in >= 0) {
        S.input_ends = false;
        if (!S.tty) close_fd(&S.in);
        else if (write(S.in, "\004", 1) != 1) return false; /* a terminal's end of file is a key */
    }
    return true;
}

/* False: not now; the client keeps the frame and comes again by attach_resume(). */
bool shim_input(const char *data, size_t length) {
    if (S.input_left) return false;
    if (S.in < 0) return true;
    if (!S.input && !(S.input = malloc(PACKET))) return true;
    S.fed = true;
    memcpy(S.input, data, length);
    S.input_at = 0;
    S.input_left = length;
    write_input();
    return true;
}

void shim_input_end(void) {
    S.input_ends = true;
    write_input();
}

int shim_resize(uint16_t rows, uint16_t cols) {
    struct winsize size = {.ws_row = rows, .ws_col = cols};
    if (!S.tty) return ENOTTY;
    S.rows = rows;
    S.cols = cols;
    return S.in < 0 || ioctl(S.in, TIOCSWINSZ, &size) == 0 ? 0 : errno;
}

static bool read_output(int i) { /* false: nothing there at the moment, or never again */
    static char data[CHUNK];
    ssize_t n = read(S.out[i], data, sizeof data);
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && errno == EAGAIN) {
        if (S.phase == EXITED) close_fd(&S.out[i]); /* whoever else holds the pipe is not the container's process */
        return false;
    }
    if (n <= 0) { /* EIO: the last holder of the terminal closed it */
        close_fd(&S.out[i]);
        return false;
    }
    log_write(S.log, i + 1, data, (size_t)n);
    attach_output(i ? STDERR : STDOUT, data, (size_t)n);
    return true;
}

/* ---- control ---- */

static bool empty_directory(int dir, int depth);

static bool remove_entry(int dir, const char *name, int depth) {
    if (unlinkat(dir, name, 0) == 0) return true;
    int below = errno == EISDIR && depth < 2 ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    return below >= 0 && empty_directory(below, depth + 1) && unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

static bool empty_directory(int dir, int depth) {
    char entries[4096] __attribute__((aligned(8)));
    for (ssize_t n; (n = syscall(SYS_getdents64, dir, entries, sizeof entries)) > 0;)
        for (ssize_t at = 0; at < n;) {
            struct { uint64_t inode; int64_t offset; uint16_t length; uint8_t type; char name[]; } *e = (void *)(entries + at);
            at += e->length;
            if (strcmp(e->name, ".") && strcmp(e->name, "..") && !remove_entry(dir, e->name, depth)) return false;
        }
    return true;
}

/* A directory whose shim is gone: nobody holds its lock. The id is a counted string that fills the request. */
static void remove_for(int fd, const struct request *request, int parent, const char *prefix) {
    char id[MAX_ID + 1] = "", name[MAX_ID + 8];
    uint32_t length = 0;
    int dir = -1, error = 0;
    if (request->have == request->header.length && request->have >= 4) memcpy(&length, request->body, 4);
    if (length && length <= MAX_ID && request->have == 4 + length) memcpy(id, request->body + 4, length);
    snprintf(name, sizeof name, "%s%s", prefix, id);
    if (strlen(id) != length || !plan_id_valid(id, MAX_ID)) error = EINVAL;
    else if ((dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) error = errno;
    else if (flock(dir, LOCK_EX | LOCK_NB) < 0) error = EBUSY;
    else if (!empty_directory(dir, 0) || unlinkat(parent, name, AT_REMOVEDIR) < 0) error = errno;
    if (dir >= 0) close(dir);
    if (!error) return reply(fd, M_OK, request->header.seq, NULL);
    reply_error(fd, request->header.seq, error, error == EINVAL ? "remove: not an id" : error == EBUSY ? "remove: its shim lives" : "remove");
}

static void send_state(int fd, uint32_t seq) {
    struct buffer body = {0};
    const struct log_state log = log_state(S.log);
    put(&body, S.phase, 1);
    put(&body, (uint32_t)S.pid, 4);
    put(&body, S.start_time, 8);
    put(&body, (uint32_t)S.code, 4);
    put(&body, (uint32_t)S.signal, 4);
    put(&body, S.exit_time, 8);
    put(&body, log.bytes, 8);
    put(&body, log.errors, 8);
    put(&body, (uint32_t)log.error, 4);
    put(&body, attach_clients(), 4);
    put(&body, attach_dropped(), 8);
    put(&body, S.rows, 2);
    put(&body, S.cols, 2);
    reply(fd, M_STATUS, seq, &body);
}

static int send_signal(int signal, uint32_t flags) {
    if (S.phase == EXITED) return ESRCH;
    if (flags & ~1u || signal < 0 || signal >= NSIG) return EINVAL;
    if (flags & 1) return kill(-S.pid, signal) == 0 ? 0 : errno;
    return syscall(SYS_pidfd_send_signal, S.pidfd, signal, NULL, 0) == 0 ? 0 : errno;
}

static void start(int fd, uint32_t seq) {
    if (S.phase != CREATED || S.wanted || !S.told) return reply_error(fd, seq, S.phase == EXITED ? ESRCH : EBUSY, "start: started or exited already");
    S.wanted = true;
    S.starter = fd;
    S.starter_seq = seq;
    release();
}

static _Noreturn void session(int fd, struct request *request);

/* True: the connection went to an exec session's shim. */
static bool serve(struct control *control, struct request *request) {
    const struct header *h = &request->header;
    const uint32_t want[] = {[M_SIGNAL] = 8, [M_RESIZE] = 4, [M_DELETE] = 0};
    const int fd = control->fd;
    uint32_t n[2] = {0};
    uint16_t size[2];
    int error = 0;
    if (h->type == M_EXEC && !S.plan->session) {
        if (S.phase != RUNNING) return reply_error(fd, h->seq, ESRCH, "exec: the container is not running"), false;
        pid_t child = fork();
        if (child == 0) session(fd, request);
        if (child < 0) return reply_error(fd, h->seq, errno, "exec: fork"), false;
        return true;
    }
    if (h->type == M_REMOVE && !S.plan->session) return remove_for(fd, request, S.dir, "exec-"), false;
    if (h->type > M_DELETE || h->length != want[h->type] || request->have != h->length || request->fds) return reply_error(fd, h->seq, EPROTO, "control: malformed request"), false;
    memcpy(n, request->body, h->length);
    memcpy(size, n, sizeof size);
    switch (h->type) {
    case M_START: return start(fd, h->seq), false;
    case M_STATE: return send_state(fd, h->seq), false;
    case M_SIGNAL: error = send_signal((int)n[0], n[1]); break;
    case M_RESIZE: error = shim_resize(size[0], size[1]); break;
    case M_CLOSE_STDIN: shim_input_end(); break;
    case M_WATCH: control->watches = true; break;
    case M_DELETE: error = send_signal(SIGKILL, 0) == EPERM ? EPERM : 0; break;
    default: error = EPROTO;
    }
    if (error) reply_error(fd, h->seq, error, h->type == M_SIGNAL ? "signal" : h->type == M_RESIZE ? "resize" : "control: unknown request");
    else reply(fd, M_OK, h->seq, NULL);
    if (h->type == M_WATCH && S.phase == EXITED) tell_exit(fd);
    return false;
}

static void control_event(int i) {
    struct request request = {0};
    bool gone = !receive_first(S.control[i].fd, &request);
    if (gone && errno == EAGAIN) return;
    gone = gone || serve(&S.control[i], &request);
    for (uint32_t j = 0; j < request.fds; j++) close(request.fd[j]);
    free(request.body);
    if (gone) drop(i);
}

static void accept_control(void) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd = accept4(S.control_socket, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    if (S.controls == MAX_CONTROLS || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || (peer.uid != L.uid && peer.uid != 0)) close(fd);
    else S.control[S.controls++] = (struct control){fd, false};
}

static _Noreturn void finish(void) {
    unlinkat(S.dir, "ctl", 0);
    unlinkat(S.dir, "attach", 0);
    close(S.dir); /* the lock: whoever sees the connection end may REMOVE at once */
    for (int i = 0; i < S.controls; i++) close(S.control[i].fd);
    if (S.recorded >= 0) fdatasync(S.recorded);
    _exit(0);
}

static _Noreturn void loop(void) {
    struct pollfd fds[6 + MAX_CONTROLS + MAX_CLIENTS];
    uint64_t patience = 0;
    bool drained = false;
    for (;;) {
        const bool blocked = attach_blocked();
        if (S.phase == EXITED && S.out[0] < 0 && S.out[1] < 0 && !drained) {
            drained = true;
            log_flush(S.log);
            attach_exit(S.code);
            patience = now(CLOCK_MONOTONIC) + 10000000000u;
        }
        if (drained && !attach_flushing(now(CLOCK_MONOTONIC) < patience)) finish();
        fds[0] = (struct pollfd){S.sync, POLLIN, 0};
        fds[1] = (struct pollfd){S.signals, POLLIN, 0};
        fds[2] = (struct pollfd){S.control_socket, POLLIN, 0};
        fds[3] = (struct pollfd){S.attach_socket, POLLIN, 0};
        fds[4] = (struct pollfd){blocked ? -1 : S.out[0], POLLIN, 0};
        fds[5] = (struct pollfd){blocked ? -1 : S.out[1], POLLIN, 0};
        int n = 6, base, clients;
        for (int i = 0; i < S.controls; i++) fds[n++] = (struct pollfd){S.control[i].fd, POLLIN, 0};
        base = n;
        clients = attach_poll(fds + n, !S.input_left);
        n += clients;
        const int input = n;
        if (S.input_left) fds[n++] = (struct pollfd){S.in, POLLOUT, 0};
        if (poll(fds, (nfds_t)n, drained ? 1000 : S.phase == EXITED && !blocked ? 0 : -1) < 0 && errno != EINTR) _exit(1);
        if (fds[0].revents) sync_event();
        for (int i = 0; i < 2; i++)
            if (fds[4 + i].revents || (S.phase == EXITED && !blocked && S.out[i] >= 0)) read_output(i);
        if (fds[1].revents) signal_event();
        if (S.input_left && n > input && fds[input].revents && write_input()) attach_resume();
        attach_events(fds + base, clients);
        for (int i = base - 7; i >= 0; i--)
            if (fds[6 + i].revents) control_event(i);
        if (fds[2].revents) accept_control();
        if (fds[3].revents) attach_accept(S.attach_socket);
    }
}

static _Noreturn void run(struct report *report, int connection, struct request *request, int parent, int init) {
    struct failure why = {.op = -1};
    sigset_t child;
    S = (struct shim){.report = report, .plan = &report->plan, .init = init, .starter = -1, .pidfd = -1, .sync = -1, .dir = -1, .parent = parent, .control_socket = -1, .attach_socket = -1, .in = -1, .out = {-1, -1}, .recorded = -1};
    S.base = now(CLOCK_REALTIME);
    S.base_mono = now(CLOCK_MONOTONIC);
    S.control[S.controls++] = (struct control){connection, true};
    S.creator = connection;
    S.create_seq = request->header.seq;
    if (!receive_rest(connection, request)) fail_now(errno, -1, "receive the plan: %zu of %u bytes came", request->have, request->header.length);
    if (!plan_parse(S.plan, &(struct arena){report->arena, sizeof report->arena}, request->body, request->header.length, request->fds, init >= 0, &why)) {
        S.plan->count = 0;
        give_up(&why);
    }
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    S.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (S.signals < 0) fail_now(errno, -1, "signalfd");
    const struct op *tty = plan_find(S.plan, OP_TTY), *map = plan_find(S.plan, OP_USERMAP);
    if (tty) S.rows = (uint16_t)tty->n[0], S.cols = (uint16_t)tty->n[1];
    if (map) memcpy(user_map, map->list, sizeof user_map);
    make_directory_of_it();
    prepare_stdio();
    make_child(request);
    after_clone();
    give_order(request);
    make_files();
    loop();
}

/* ---- exec sessions, and requests that come to the launcher ---- */

static void close_but(const int *keep, int count) { /* `keep` is sorted */
    unsigned from = 3;
    for (int i = 0; i < count; i++) {
        if (keep[i] > (int)from) close_range(from, (unsigned)keep[i] - 1, 0);
        if (keep[i] >= (int)from) from = (unsigned)keep[i] + 1;
    }
    close_range(from, ~0u, 0);
}

static int ascending(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

static _Noreturn void session(int fd, struct request *request) {
    /* opened anew: the container's lock belongs to the description that its own shim holds */
    const int parent = openat(S.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), init = S.pidfd;
    int keep[6 + MAX_FDS] = {fd, init, parent, L.null, L.state, L.cgroups}, n = 6;
    static char path[256];
    for (uint32_t i = 0; i < request->fds; i++) keep[n++] = request->fd[i];
    qsort(keep, (size_t)n, sizeof *keep, ascending);
    close_but(keep, n);
    attach_reset();
    setsid();
    prctl(PR_SET_NAME, "gantry-exec");
    snprintf(path, sizeof path, "%s", S.report->order.state);
    L.state_path = path;
    spare.pid = 0;
    struct report *report = new_report();
    if (!report) _exit(1);
    memcpy(report->body, request->body, request->have);
    request->body = report->body;
    run(report, fd, request, parent, init);
}

/* True: it was a REMOVE, done; the spare shim that got it is still spare. */
bool shim_removes(int connection) {
    struct request request = {0};
    struct header header;
    struct pollfd waiting = {connection, POLLIN, 0};
    if (poll(&waiting, 1, 10000) != 1 || recv(connection, &header, sizeof header, MSG_PEEK | MSG_DONTWAIT) != sizeof header || header.type != M_REMOVE) return false;
    if (!receive_first(connection, &request)) return false;
    remove_for(connection, &request, L.state, "");
    for (uint32_t i = 0; i < request.fds; i++) close(request.fd[i]);
    free(request.body);
    return true;
}

void shim_main(int connection) {
    struct report *report = spare.pid > 0 ? spare.report : new_report();
    struct request request = {.body = report ? report->body : NULL};
    struct pollfd waiting = {connection, POLLIN, 0};
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "gantry-shim");
    for (int fd = 0; fd < 3; fd++) dup2(L.null, fd);
    if (!report || poll(&waiting, 1, 10000) != 1 || !receive_first(connection, &request)) {
        reply_error(connection, 0, errno ? errno : ETIMEDOUT, "no request");
        _exit(0);
    }
    if (request.header.type != M_CREATE) {
        reply_error(connection, request.header.seq, EPROTO, "the launcher takes CREATE and REMOVE");
        _exit(0);
    }
    run(report, connection, &request, L.state, -1);
}
