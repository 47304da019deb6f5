/* The child: from clone to execve, the operations of the plan in their order. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

void child_fail(struct child *c, const struct op *op, int error, const char *format, ...) {
    struct failure *f = &c->report->failure;
    va_list args;
    va_start(args, format);
    vsnprintf(f->message, sizeof f->message, format, args);
    va_end(args);
    f->op = op ? (int32_t)(op - c->plan->ops) : -1;
    f->code = op ? op->code : 0;
    __atomic_store_n(&f->error, error ? error : EIO, __ATOMIC_RELEASE);
    _exit(126);
}

static void wait_for(struct child *c, const struct op *op, char expected) {
    char byte = 0;
    ssize_t n;
    do n = read(c->sync, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1 || byte != expected) child_fail(c, op, ECANCELED, "the shim went away");
}

static ssize_t say(int sync, char what, int fd) {
    struct iovec text = {&what, 1};
    char room[CMSG_SPACE(sizeof fd)] = {0};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = room;
        message.msg_controllen = sizeof room;
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        *part = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
        memcpy(CMSG_DATA(part), &fd, sizeof fd);
    }
    return sendmsg(sync, &message, MSG_NOSIGNAL);
}

static void tell(struct child *c, const struct op *op, char what, int fd) {
    if (say(c->sync, what, fd) != 1) child_fail(c, op, errno, "tell the shim");
}

bool send_tree(int sync, int tree) {
    return say(sync, tree < 0 ? 'N' : 'F', tree) == 1;
}

/* The mount that the shim takes for this place; -1: its source is not there, and may be missing. */
int ask_tree(struct child *c, const struct op *op) {
    char what = 0, room[CMSG_SPACE(sizeof(int))];
    int tree = -1;
    struct iovec text = {&what, 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    ssize_t n;
    c->report->order.hook = (uint32_t)(op - c->plan->ops);
    tell(c, op, 'M', -1);
    do n = recvmsg(c->sync, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n == 1 && what == 'N') return -1;
    const struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    if (n != 1 || what != 'F' || !part) child_fail(c, op, ECANCELED, "the shim went away");
    memcpy(&tree, CMSG_DATA(part), sizeof tree);
    return tree;
}

/* pivot_root in the host's mount namespace would exchange the root of all its processes */
bool is_own_mounts(int fd) {
    struct stat own, other;
    return stat("/proc/self/ns/mnt", &own) < 0 || fstat(fd, &other) < 0 ||
           (own.st_dev == other.st_dev && own.st_ino == other.st_ino);
}

static int op_setns(struct child *c, const struct op *op) {
    /* the shim entered pid itself: it counts for children only */
    const int kinds = (int)op->n[0] & ~(op->flags & SETNS_FROM_INIT || op->n[0] == CLONE_NEWPID ? CLONE_NEWPID : 0);
    if (c->report->order.entered || !kinds) return 0;
    int fd = op->flags & SETNS_FROM_INIT ? c->init
             : op->flags & SETNS_FD      ? c->fds[op->n[1]]
                                         : open(op->s[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && kinds & CLONE_NEWNS && !c->plan->session && is_own_mounts(fd))
        child_fail(c, op, EPERM, "%.150s is the host's mount namespace: its root would be exchanged", op->s[0] ? op->s[0] : "");
    if (fd < 0 || setns(fd, kinds) < 0)
        child_fail(c, op, errno, "setns 0x%x %.150s", (unsigned)kinds, op->s[0] ? op->s[0] : "");
    if (kinds & CLONE_NEWNS && c->plan->session && (c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
        child_fail(c, op, errno, "open the container's root");
    if (!(op->flags & (SETNS_FD | SETNS_FROM_INIT))) close(fd);
    return 0;
}

static int op_sysctl(struct child *c, const struct op *op) {
    char path[400];
    snprintf(path, sizeof path, "sys/%.380s", op->s[0]);
    int fd = open_at(fresh_proc(c, op), path, O_WRONLY,
        RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
    ssize_t length = (ssize_t)strlen(op->s[1]);
    if (fd < 0 || write(fd, op->s[1], (size_t)length) != length)
        child_fail(c, op, errno, "write %.150s: %.60s", path, op->s[1]);
    close(fd);
    return 0;
}

static int op_label(struct child *c, const struct op *op) {
    char path[100], back[4096];
    snprintf(path, sizeof path, "thread-self/attr/%.40s", op->s[0]);
    int fd = open_at(fresh_proc(c, op), path, O_RDWR, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
    ssize_t length = (ssize_t)strlen(op->s[1]);
    if (fd < 0 || write(fd, op->s[1], (size_t)length) != length)
        child_fail(c, op, errno, "write %s: %.100s", path, op->s[1]);
    ssize_t n = pread(fd, back, sizeof back - 1, 0);
    if (n <= 0) child_fail(c, op, n ? errno : EIO, "read back %s", path);
    back[n] = 0;
    const char *wanted = strncmp(op->s[1], "exec ", 5) ? op->s[1] : op->s[1] + 5;
    if (strncmp(back, wanted, strlen(wanted))) child_fail(c, op, EIO, "label %.100s was not taken", op->s[1]);
    close(fd);
    return 0;
}

static int op_loopback(struct child *c, const struct op *op) {
    struct ifreq lo = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &lo) < 0) child_fail(c, op, errno, "flags of lo");
    lo.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0) child_fail(c, op, errno, "set lo up");
    close(fd);
    return 0;
}

/* A pty of the container's own devpts, never a path that it could have made (rows 4, 14). */
static int op_tty(struct child *c, const struct op *op) {
    struct statfs fs;
    struct stat st;
    int unlock = 0, peer;
    struct winsize size = {.ws_row = (unsigned short)op->n[0], .ws_col = (unsigned short)op->n[1]};
    int pts = open_at(
        c->root, "dev/pts", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (pts < 0) child_fail(c, op, errno, "open /dev/pts");
    if (fstatfs(pts, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC) child_fail(c, op, ENODEV, "/dev/pts is not devpts");
    int master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (master < 0 || fstat(master, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
        child_fail(c, op, master < 0 ? errno : ENODEV, "open /dev/pts/ptmx");
    close(pts);
    if (ioctl(master, TIOCSPTLCK, &unlock) < 0 ||
        (peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
        child_fail(c, op, errno, "open the pty's other end");
    if (ioctl(peer, TIOCSWINSZ, &size) < 0) child_fail(c, op, errno, "set the size of the pty");
    if (op->flags & TTY_CONSOLE) op_console(c, op, peer);
    if (!plan_find(c->plan, OP_INIT) && ioctl(peer, TIOCSCTTY, 0) < 0)
        child_fail(c, op, errno, "take the controlling terminal");
    for (int fd = 0; fd < 3; fd++)
        if (dup2(peer, fd) < 0) child_fail(c, op, errno, "dup2 terminal");
    tell(c, op, 'T', master);
    close(master);
    close(peer);
    return 0;
}

/* No host descriptor may be open when a path of the container's choice is entered, nor after execve (row 2). */
static void close_others(struct child *c) {
    const int first = 3 + L.preserved;
    if (c->sync > first) close_range((unsigned)first, (unsigned)c->sync - 1, 0);
    close_range((unsigned)c->sync + 1, ~0u, 0);
    c->root = c->proc = c->masks[0] = c->masks[1] = -1;
}

static int op_cwd(struct child *c, const struct op *op) {
    char here[4096];
    close_others(c);
    if (op->flags & CWD_CREATE && access(op->s[0], F_OK) < 0 && errno == ENOENT) {
        if ((c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) child_fail(c, op, errno, "open /");
        make_directory(c, op, op->s[0], 0755, 0, 0, false);
        close(c->root);
        c->root = -1;
    }
    if (chdir(op->s[0]) < 0) child_fail(c, op, errno, "chdir %.200s", op->s[0]);
    long n = syscall(SYS_getcwd, here, sizeof here); /* the C library would hide "(unreachable)" */
    if (n < 1 || here[0] != '/')
        child_fail(c, op, n < 1 ? errno : ENOENT, "working directory %.150s is outside the container", op->s[0]);
    return 0;
}

/* The shim takes the descriptor from here and sends it on. By write and read alone: the filter is loaded, and other calls may
 * wait for an answer already. */
void hand_over(struct child *c, const struct op *op, int listener) {
    c->report->order.listener = listener;
    if (write(c->sync, "S", 1) != 1) child_fail(c, op, errno, "tell the shim of the filter");
    wait_for(c, op, 'L');
    close(listener);
}

/* Those of the runtime's namespaces are the shim's to run; it kills this process if one fails. */
static int op_hook(struct child *c, const struct op *op) {
    struct failure why = {0};
    if (op->n[0] >= HOOK_POSTSTART) return -1;
    if (op->n[0] <= HOOK_CREATE_RUNTIME) {
        c->report->order.hook = (uint32_t)(op - c->plan->ops);
        tell(c, op, 'H', -1);
        wait_for(c, op, 'C');
        return 0;
    }
    const char *status = op->n[0] == HOOK_START_CONTAINER ? "created" : "creating";
    if (op->n[0] == HOOK_CREATE_CONTAINER && fchdir(c->root) < 0) child_fail(c, op, errno, "chdir to the root file system");
    if (!hook_run(plan_find(c->plan, OP_STATE), op, status, getpid(), &why))
        child_fail(c, op, why.error, "%s", why.message);
    return 0;
}

static int carry_out(struct child *c, const struct op *op) {
    struct rlimit limit;
    switch ((enum opcode)op->code) {
    case OP_NAMESPACES: { /* what clone did not make; a cgroup namespace never, since its roots are where the child is now */
        const uint64_t missing = op->n[0] & ~(uint64_t)c->report->order.made;
        if (missing && unshare((int)missing) < 0) child_fail(c, op, errno, "unshare 0x%lx", (unsigned long)missing);
        return c->report->at[op - c->plan->ops].done ? -1 : 0;
    }
    case OP_ID:
    case OP_LOG:
    case OP_STDIO:
    case OP_STATE:
    case OP_LISTENER:
    case OP_CGROUP_WRITE:
    case OP_USERMAP:
    case OP_TIME_OFFSETS:
    case OP_OOM_SCORE:
    case OP_END: return -1; /* not the child's */
    case OP_SETNS: return op_setns(c, op);
    case OP_CGROUP:
        for (int i = 0; i < c->report->order.cgroups; i++)
            if (c->cgroup[i] >= 0 && write(c->cgroup[i], "0", 1) != 1)
                child_fail(c, op, errno, "enter cgroup %.200s", op->list[0].at[i].s);
        return 0;
    case OP_PROPAGATION: return op_propagation(c, op);
    case OP_ROOTFS: return op_rootfs(c, op);
    case OP_MOUNT: return op_mount(c, op);
    case OP_MKDIR: return op_mkdir(c, op);
    case OP_MKNOD: return op_mknod(c, op);
    case OP_SYMLINK: return op_symlink(c, op);
    case OP_MASK: return op_mask(c, op);
    case OP_READONLY: return op_readonly(c, op);
    case OP_PIVOT: return op_pivot(c, op);
    case OP_READONLY_ROOT: return op_readonly_root(c, op);
    case OP_HOSTNAME:
        if (sethostname(op->s[0], strlen(op->s[0])) < 0) child_fail(c, op, errno, "sethostname %s", op->s[0]);
        return 0;
    case OP_DOMAINNAME:
        if (setdomainname(op->s[0], strlen(op->s[0])) < 0) child_fail(c, op, errno, "setdomainname %s", op->s[0]);
        return 0;
    case OP_SYSCTL: return op_sysctl(c, op);
    case OP_RLIMIT:
        limit = (struct rlimit){op->n[1], op->n[2]};
        if (setrlimit((__rlimit_resource_t)op->n[0], &limit) < 0)
            child_fail(c, op, errno, "setrlimit %lu to %lu:%lu", (unsigned long)op->n[0], (unsigned long)op->n[1],
                (unsigned long)op->n[2]);
        return 0;
    case OP_LOOPBACK_UP: return op_loopback(c, op);
    case OP_KEYRING:
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, *op->s[0] ? op->s[0] : NULL) < 0)
            child_fail(c, op, errno, "join a session keyring");
        return 0;
    case OP_TTY: return op_tty(c, op);
    case OP_LABEL: return op_label(c, op);
    case OP_HOOK: return op_hook(c, op);
    case OP_SCHEDULER: return op_scheduler(c, op);
    case OP_IO_PRIORITY: return op_io_priority(c, op);
    case OP_CPU_AFFINITY: return op_affinity(c, op);
    case OP_PERSONALITY: return op_personality(c, op);
    case OP_MEMORY_POLICY: return op_memory_policy(c, op);
    case OP_ENV: return op_env(c, op);
    case OP_CWD: return op_cwd(c, op);
    case OP_GROUPS: return op_groups(c, op);
    case OP_UID: return op_uid(c, op);
    case OP_CAPS: return op_caps(c, op);
    case OP_NO_NEW_PRIVS:
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) child_fail(c, op, errno, "no_new_privs");
        return 0;
    case OP_SECCOMP: return op_seccomp(c, op);
    case OP_INIT: return 0; /* with EXEC, so that all before it holds for both */
    case OP_WAIT_START:
        if (called.pid) find_command(c);
        tell(c, op, 'W', -1);
        wait_for(c, op, 'G');
        return 0;
    case OP_EXEC: close_others(c); op_exec(c, op);
    }
    return -1;
}

void die_with_shim(void) {
    if (!L.apart) prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void settle(void) { /* what holds for every child, asked or not */
    sigset_t none;
    struct sigaction plain = {.sa_handler = SIG_DFL};
    die_with_shim();
    prctl(PR_SET_DUMPABLE, 0);
    setsid();
    sigemptyset(&none);
    sigaction(SIGPIPE, &plain, NULL); /* the only one that the shim ignores */
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(0);
}

/* The plan is there: its descriptors come in the order stdio, pidfd, cgroups, those of the request. */
static void take_order(struct child *c) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MAX_GIVEN)];
        struct cmsghdr align;
    } control;
    char what = 0;
    int fd[MAX_GIVEN], n = 3;
    struct iovec text = {&what, 1};
    struct msghdr message = {
        .msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
    ssize_t got;
    do got = recvmsg(c->sync, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got != 1) _exit(0); /* not needed after all */
    const struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    if (!part || message.msg_flags & MSG_CTRUNC) child_fail(c, NULL, EMFILE, "take the descriptors");
    memcpy(fd, CMSG_DATA(part), part->cmsg_len - CMSG_LEN(0));
    for (int i = 0; i < 3; i++) {
        if (dup2(fd[i], i) < 0) child_fail(c, NULL, errno, "dup2 stdio");
        close(fd[i]);
    }
    if (c->report->order.init) c->init = fd[n++];
    for (int i = 0; i < c->report->order.cgroups; i++) c->cgroup[i] = fd[n++];
    for (int i = 0; i < c->report->order.fds; i++) c->fds[i] = fd[n++];
    for (int i = 0; i < c->report->order.trees; i++) c->tree[i] = fd[n++];
}

void child_main(struct report *report, int sync) {
    struct child child = {.plan = &report->plan,
                     .report = report,
                     .sync = sync,
                     .init = -1,
                     .root = -1,
                     .proc = -1,
                     .masks = {-1, -1}},
                 *c = &child;
    const struct plan *plan = c->plan;
    settle();
    take_order(c);
    if ((plan->namespaces | (plan->session ? 0 : plan->joined)) & CLONE_NEWUSER &&
        (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        child_fail(c, plan_find(plan, OP_USERMAP), errno, "become the user namespace's root");
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct op *op = &plan->ops[i];
        struct timing *t = &c->report->at[i];
        uint64_t start = now(CLOCK_MONOTONIC);
        if (op->code == OP_EXEC) t->start = start;
        int skipped = carry_out(c, op);
        if (skipped < 0) continue;
        t->start = start;
        t->duration = now(CLOCK_MONOTONIC) - start;
        t->error = skipped;
        __atomic_store_n(&t->done, 1, __ATOMIC_RELEASE);
    }
    _exit(126);
}
