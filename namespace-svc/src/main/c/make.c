/* Making the child: its directory, stdio, cgroups and namespaces; or taking one that was cloned ahead. */
#define _GNU_SOURCE
#include "shim.h"

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
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct spare { /* an init cloned ahead of need */
    struct report *report;
    pid_t pid;
    int pidfd, sync;
    uint32_t made;
} spare;

static struct list user_map[2]; /* of the container; its sessions' shims inherit it */

static void forget_directory(void) {
    static const char *const FILES[] = {"pid", "exit", "exit.new", "ctl", "attach", "poststop"};
    for (size_t i = 0; S.dir >= 0 && i < sizeof FILES / sizeof *FILES; i++) unlinkat(S.dir, FILES[i], 0);
    if (S.dir >= 0) unlinkat(S.parent, S.name, AT_REMOVEDIR);
}

/* Nothing is left of a container that could not be made. */
_Noreturn void give_up(const struct failure *failure) {
    end_hook();
    if (S.pid > 0) {
        syscall(SYS_pidfd_send_signal, S.pidfd, SIGKILL, NULL, 0);
        struct pollfd dead = {S.pidfd, POLLIN, 0};
        while (L.apart ? poll(&dead, 1, -1) < 0 && errno == EINTR : waitpid(S.pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    forget_directory();
    if (S.pid > 0) hooks_poststop(S.plan); /* it was there, and is no more: runtime.md, steps 12 and 13 */
    send_failure(S.creator, S.create_seq, failure);
    if (S.report) send_timings(S.creator, S.create_seq);
    _exit(0);
}

void fail_now(int error, int op, const char *format, ...) {
    struct failure f = {.op = op, .error = error, .code = op >= 0 ? S.plan->ops[op].code : 0};
    va_list args;
    va_start(args, format);
    vsnprintf(f.message, sizeof f.message, format, args);
    va_end(args);
    give_up(&f);
}

int position(const struct op *op) {
    return op ? (int)(op - S.plan->ops) : -1;
}

static void timed(const struct op *op, uint64_t start) {
    S.report->at[position(op)] = (struct timing){.start = start, .duration = now(CLOCK_MONOTONIC) - start, .done = 1};
}

void make_directory_of_it(void) {
    snprintf(S.name, sizeof S.name, "%s%s", S.plan->session ? "exec-" : "", S.plan->id);
    if (mkdirat(S.parent, S.name, 0750) < 0) fail_now(errno, 0, "mkdir %s/%s", L.state_path, S.name);
    S.dir = openat(S.parent, S.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (S.dir < 0) fail_now(errno, 0, "open %s", S.name);
    if (flock(S.dir, LOCK_EX | LOCK_NB) < 0 || fchown(S.dir, 0, L.gid) < 0 || fchmod(S.dir, 0750) < 0 ||
        fchdir(S.dir) < 0)
        fail_now(errno, 0, "lock %s", S.name);
    snprintf(S.report->order.state, sizeof S.report->order.state, "%s/%s", L.state_path, S.name);
}

static int open_cgroup(const struct op *op, const char *path, const char *file, uint64_t flags) {
    struct statfs fs;
    char relative[4096];
    snprintf(relative, sizeof relative, "%s%s%s", path + sizeof "/sys/fs/cgroup", *file ? "/" : "", file);
    int fd = open_at(L.cgroups, relative, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (fd < 0) fail_now(errno, position(op), "open %.150s", path);
    if (fstatfs(fd, &fs) < 0 || (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC))
        fail_now(EINVAL, position(op), "%.150s is not in a cgroup hierarchy", path);
    return fd;
}

/* The v2 directory to be cloned into, or -1. The child has one thread, so of v1 its "tasks" moves all of it: as cgroup.procs
 * does, but without the lock on every thread group of the host, which waits for an RCU grace period (15 ms). */
static int prepare_cgroups(bool cloned) {
    int into = -1;
    for (uint32_t i = 0; i < S.plan->count; i++) {
        const struct op *op = &S.plan->ops[i];
        uint64_t start = now(CLOCK_MONOTONIC);
        if (op->code == OP_CGROUP_WRITE) {
            size_t length = strlen(op->s[1]);
            int fd = open_cgroup(op, op->s[0], "", O_WRONLY);
            if (write(fd, op->s[1], length) != (ssize_t)length)
                fail_now(errno, (int)i, "write %.120s: %.80s", op->s[0], op->s[1]);
            close(fd);
            timed(op, start);
        }
        for (uint32_t j = 0; op->code == OP_CGROUP && j < op->list[0].count; j++) {
            const struct item *it = &op->list[0].at[j];
            if (it->n[0] == 2 && !cloned)
                into = open_cgroup(op, it->s, "", O_PATH | O_DIRECTORY);
            else
                S.cgroup[S.report->order.cgroups++] =
                    open_cgroup(op, it->s, it->n[0] == 1 ? "tasks" : "cgroup.procs", O_WRONLY);
        }
    }
    return into;
}

/* A session's process is in the container's pid namespace, which counts for the children of who enters it; the rest it enters
 * itself. */
static void enter_pid(void) {
    const struct op *op = plan_find(S.plan, OP_SETNS);
    if (S.plan->session && op && op->flags & SETNS_FROM_INIT && op->n[0] & CLONE_NEWPID && setns(S.init, CLONE_NEWPID) < 0)
        fail_now(errno, position(op), "setns 0x%x", CLONE_NEWPID);
}

unsigned outside(const struct list *list, unsigned id) {
    for (uint32_t i = 0; i < list->count; i++)
        if (id - list->at[i].n[0] < list->at[i].n[2]) return id - list->at[i].n[0] + list->at[i].n[1];
    return id;
}

/* The process may open its stdio again by /dev/stderr, so the pipes are its user's; never a device of the host. */
static void give_stdio(void) {
    const struct op *user = plan_find(S.plan, OP_UID);
    const uid_t uid = outside(&user_map[0], (uid_t)user->n[0]);
    const gid_t gid = outside(&user_map[1], (gid_t)user->n[1]);
    struct stat st;
    for (int i = 0; i < 3; i++)
        if (S.stdio[i] != L.null && fstat(S.stdio[i], &st) == 0 && S_ISFIFO(st.st_mode) &&
            fchown(S.stdio[i], uid, gid) < 0)
            fail_now(errno, position(user), "chown stdio to %u:%u", uid, gid);
}

void prepare_stdio(void) {
    const struct op *stdio = plan_find(S.plan, OP_STDIO), *log = plan_find(S.plan, OP_LOG);
    const int flags = stdio ? stdio->flags : 0;
    const struct op *map = plan_find(S.plan, OP_USERMAP);
    if (map) memcpy(user_map, map->list, sizeof user_map);
    int pipes[3][2];
    S.tty = plan_find(S.plan, OP_TTY);
    S.once = flags & STDIO_ONCE;
    if (log && !(S.log = log_open(log->s[0], log->n[0], (uint32_t)log->n[1], (gid_t)log->n[2])))
        fail_now(errno, position(log), "open log %.180s", log->s[0]);
    S.stdio[0] = S.stdio[1] = S.stdio[2] = L.null;
    if (called.pid && (S.tty || called.relay)) called_leave_stdio();
    if (S.tty) return;
    if (called.pid && !called.relay) {
        called_stdio(S.stdio);
        return give_stdio();
    }
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
}

void write_map(pid_t pid, const char *which, const struct list *list, const struct op *op) {
    char path[64], text[4096];
    size_t used = 0;
    for (uint32_t i = 0; i < list->count && used < sizeof text; i++)
        used += (size_t)snprintf(
            text + used, sizeof text - used, "%u %u %u\n", list->at[i].n[0], list->at[i].n[1], list->at[i].n[2]);
    snprintf(path, sizeof path, "/proc/%d/%s", pid, which);
    int fd = used < sizeof text ? open(path, O_WRONLY | O_CLOEXEC) : (errno = E2BIG, -1);
    if (fd < 0 || write(fd, text, used) != (ssize_t)used) fail_now(errno, position(op), "write %s", path);
    close(fd);
}

/* The map of a namespace that was entered, as the kernel tells it: its ids, ours, how many. */
static void read_map(const char *which, struct list *list) {
    static struct item lines[2][341];
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", S.pid, which);
    FILE *file = fopen(path, "re");
    if (!file) fail_now(errno, -1, "open %s", path);
    *list = (struct list){.at = lines[list - user_map]};
    for (uint32_t *n = list->at->n; list->count < 340 && fscanf(file, "%u %u %u", n, n + 1, n + 2) == 3;)
        n = list->at[++list->count].n;
    fclose(file);
}

void after_clone(void) {
    const struct op *map = plan_find(S.plan, OP_USERMAP), *oom = plan_find(S.plan, OP_OOM_SCORE);
    if (!S.plan->session && S.plan->joined & CLONE_NEWUSER) {
        read_map("uid_map", &user_map[0]);
        read_map("gid_map", &user_map[1]);
    }
    if (!S.tty) give_stdio();
    uint64_t start = now(CLOCK_MONOTONIC);
    if (map) {
        write_map(S.pid, "uid_map", &map->list[0], map);
        write_map(S.pid, "gid_map", &map->list[1], map);
        timed(map, start);
    }
    if (oom) {
        char path[64], value[16];
        start = now(CLOCK_MONOTONIC);
        snprintf(path, sizeof path, "/proc/%d/oom_score_adj", S.pid);
        int length = snprintf(value, sizeof value, "%d", (int32_t)oom->n[0]), fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, value, (size_t)length) != length)
            fail_now(errno, position(oom), "write %s: %s", path, value);
        close(fd);
        timed(oom, start);
    }
}

uint64_t start_time_of(pid_t pid) {
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

struct report *new_report(void) {
    void *at =
        mmap(NULL, sizeof(struct report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* The child waits in child_main() for its order. `request`: namespaces of it are entered first, by a process in between. */
static pid_t clone_child(
    struct report *report, const struct request *request, uint32_t namespaces, int into, int *pidfd, int *sync) {
    int pair[2];
    long pid;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -1;
    struct clone_args args = {
        .flags = namespaces | CLONE_PIDFD | (into >= 0 ? CLONE_INTO_CGROUP : 0) | (L.apart ? CLONE_PARENT : 0),
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = L.apart ? 0 : SIGCHLD, /* a sibling has this process's own, which is that */
        .cgroup = (uint64_t)into};
    report->order.made = namespaces | CLONE_NEWTIME;
    if (request) {
        pid = clone_inside(request, namespaces, into, pair);
        *pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    } else {
        pid = syscall(SYS_clone3, &args, sizeof args);
    }
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
    return spare.pid > 0 && !S.plan->session && !(all & (CLONE_NEWUSER | CLONE_NEWTIME)) && !(*joined & CLONE_NEWPID) &&
           !(spare.made & ~all);
}

/* The affinity that a session's process is to have before it is in its cgroup: the shim's own while it clones. */
static cpu_set_t *affinity(void) {
    static cpu_set_t own[MAX_CPUS / CPU_SETSIZE];
    const struct op *op = plan_find(S.plan, OP_CPU_AFFINITY);
    if (!op || op->n[0]) return NULL;
    uint64_t start = now(CLOCK_MONOTONIC);
    if (sched_getaffinity(0, sizeof own, own) < 0 || set_affinity(op) < 0)
        fail_now(errno, position(op), "sched_setaffinity of %u processors", op->list[0].count);
    timed(op, start);
    return own;
}

void make_child(struct request *request) {
    const struct op *op = plan_find(S.plan, OP_NAMESPACES);
    const bool fits = spare_fits();
    /* in another's user namespace nobody may clone into a group of the host's: the child writes itself there, as into v1 */
    int into = prepare_cgroups(fits || (!S.plan->session && S.plan->joined & CLONE_NEWUSER));
    prepare_trees();
    enter_pid();
    if (fits) {
        S.pid = spare.pid;
        S.pidfd = spare.pidfd;
        S.sync = spare.sync;
    } else {
        if (spare.pid > 0) close(spare.sync), close(spare.pidfd); /* it sees the end and goes */
        cpu_set_t *own = affinity();
        uint64_t start = now(CLOCK_MONOTONIC);
        const uint32_t made = S.plan->namespaces & ~(uint32_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
        S.pid = clone_child(S.report, enters_first() ? request : NULL, made, into, &S.pidfd, &S.sync);
        if (own) sched_setaffinity(0, CPU_ALLOC_SIZE(MAX_CPUS), own);
        if (S.pid < 0) fail_now(errno, position(op), "clone3 flags 0x%x", S.plan->namespaces);
        if (op) timed(op, start);
    }
    if (into >= 0) close(into);
    if (L.preserved) close_range(3, 2 + (unsigned)L.preserved, 0); /* the child has them */
    prepare_sources();
}

void give_order(struct request *request) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MAX_GIVEN)];
        struct cmsghdr align;
    } control = {0};
    int fd[MAX_GIVEN] = {S.stdio[0], S.stdio[1], S.stdio[2]}, n = 3;
    struct iovec text = {(char[]){'P'}, 1};
    if (S.plan->session) fd[n++] = S.init;
    for (int i = 0; i < S.report->order.cgroups; i++) fd[n++] = S.cgroup[i];
    for (uint32_t i = 0; i < request->fds; i++) fd[n++] = request->fd[i];
    for (int i = 0; i < S.trees; i++) fd[n++] = S.tree[i];
    S.report->order.init = S.plan->session;
    S.report->order.fds = (int)request->fds;
    struct msghdr message = {.msg_iov = &text,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(sizeof *fd * (size_t)n)};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    *part = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof *fd * (size_t)n)};
    memcpy(CMSG_DATA(part), fd, sizeof *fd * (size_t)n);
    if (sendmsg(S.sync, &message, MSG_NOSIGNAL) != 1) fail_now(errno, -1, "give the plan to the child");
    for (int i = 0; i < S.report->order.cgroups; i++) close(S.cgroup[i]);
    for (uint32_t i = 0; i < request->fds; i++) close(request->fd[i]);
    for (int i = 0; i < S.trees; i++) close(S.tree[i]);
    for (int i = 0; i < 3; i++)
        if (S.stdio[i] != L.null) close(S.stdio[i]);
}

void shim_prepare(uint32_t namespaces) {
    spare.report = new_report();
    if (!spare.report) return; /* then it is made when it is needed, and fails there, or not */
    spare.made = namespaces;
    spare.pid = clone_child(spare.report, NULL, namespaces, -1, &spare.pidfd, &spare.sync);
}

static int listening(const char *name, int type, uid_t owner) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    umask(0177);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || lchown(name, owner, (gid_t)-1) < 0 ||
        listen(fd, 64) < 0)
        fail_now(errno, 0, "listen on %s", name);
    umask(022);
    return fd;
}

int write_file(const char *name, const char *text) {
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    size_t length = strlen(text);
    if (fd >= 0 && (fchown(fd, 0, L.gid) < 0 || fchmod(fd, 0640) < 0 || write(fd, text, length) != (ssize_t)length))
        close_fd(&fd);
    return fd;
}

void make_files(void) { /* beside the child, which is at its operations meanwhile */
    char text[64];
    S.start_time = start_time_of(S.pid);
    snprintf(text, sizeof text, "%d %lu\n", S.pid, (unsigned long)S.start_time);
    int fd = write_file("pid", text);
    if (fd < 0) fail_now(errno, 0, "write pid");
    close(fd);
    if (!hooks_keep(S.plan, S.dir)) fail_now(errno, 0, "keep the poststop hooks");
    S.control_socket = listening("ctl", SOCK_SEQPACKET, L.uid);
    S.attach_socket = listening("attach", SOCK_STREAM, 0);
}

bool spare_report(struct report **report) {
    if (spare.pid <= 0) return false;
    *report = spare.report;
    return true;
}

void forget_spare(void) {
    spare.pid = 0;
}
