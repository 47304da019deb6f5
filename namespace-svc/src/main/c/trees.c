/* Mounts that only the host's mount namespace has, or that only its rights can make: shared binds and id-mapped ones. The
 * shim takes them, the child gets them by descriptor and puts them in their place. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mount.h"

/* A user namespace that nothing runs in, for its maps alone. */
static int map_namespace(const struct op *op, const struct list *uids, const struct list *gids) {
    char path[64];
    struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    const pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) fail_now(errno, position(op), "clone3 of a user namespace for its maps");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    write_map(pid, "uid_map", uids, op);
    write_map(pid, "gid_map", gids, op);
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC), error = errno;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    if (fd < 0) fail_now(error, position(op), "open %s", path);
    return fd;
}

static void id_map(const struct op *op, int tree) {
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)map_namespace(op, &op->list[1], &op->list[2])};
    const int deep = op->flags & MOUNT_IDMAP_RECURSIVE ? AT_RECURSIVE : 0;
    if (mount_setattr(tree, "", AT_EMPTY_PATH | deep, &attr, sizeof attr) < 0)
        fail_now(errno, position(op), "id-map %.120s (its file system may not allow it)", op->s[1]);
    close((int)attr.userns_fd);
}

static int id_mapped(struct child *c, const struct op *op, const char *path, int maps) {
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)maps};
    int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
        child_fail(c, op, errno, "id-map %.150s (its file system may not allow it)", path);
    return tree;
}

/* The name of a directory in the id-mapped tree of its parent. */
static const char *inside(struct child *c, const struct op *op, int tree, const char *path, char *name) {
    int fd = openat(tree, strrchr(path, '/') + 1, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) child_fail(c, op, errno, "open %.150s", path);
    sprintf(name, "/proc/self/fd/%d", fd);
    return name;
}

/* overlayfs works in its upper directory with the ids of who mounted it, and only the container's exist in that; the rights
 * that go with another fsuid are taken back. */
static void as_its_root(struct child *c, const struct op *op) {
    const struct op *map = plan_find(S.plan, OP_USERMAP);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    setfsuid(outside(&map->list[0], 0));
    setfsgid(outside(&map->list[1], 0));
    if (syscall(SYS_capget, &header, data) < 0) child_fail(c, op, errno, "capget");
    for (int i = 0; i < 2; i++) data[i].effective = data[i].permitted;
    if (syscall(SYS_capset, &header, data) < 0) child_fail(c, op, errno, "capset");
}

/* The overlay is made in a mount namespace that goes with this process, of layers whose ids are mapped as the container's:
 * what is 0 on the disk is its root's, and what its root writes is 0 on the disk. */
static _Noreturn void make_root(const struct op *op, int maps, int told) {
    struct child child = {.plan = S.plan, .report = S.report}, *c = &child;
    const char *upper = op->s[0], *work = op->s[1];
    struct list lower = {.at = calloc(op->list[0].count, sizeof(struct item))};
    char(*names)[32] = calloc(op->list[0].count, sizeof *names), up[32] = "", wk[32] = "";
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!lower.at || !names) child_fail(c, op, ENOMEM, "id-map the layers");
    struct mount_attr private = {.propagation = MS_PRIVATE};
    if (unshare(CLONE_NEWNS) < 0 || mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof private) < 0)
        child_fail(c, op, errno, "unshare mounts for the layers");
    for (; lower.count < op->list[0].count; lower.count++) {
        sprintf(names[lower.count], "/proc/self/fd/%d", id_mapped(c, op, op->list[0].at[lower.count].s, maps));
        lower.at[lower.count].s = names[lower.count];
    }
    if (*upper) { /* both in one mount, as overlayfs wants them */
        char parent[4096];
        const size_t length = (size_t)(strrchr(upper, '/') - upper);
        if (length >= sizeof parent || length != (size_t)(strrchr(work, '/') - work) || strncmp(upper, work, length))
            child_fail(c, op, EINVAL, "%.100s and %.100s are not in one directory", upper, work);
        snprintf(parent, sizeof parent, "%.*s", (int)(length ? length : 1), length ? upper : "/");
        int tree = id_mapped(c, op, parent, maps);
        upper = inside(c, op, tree, upper, up);
        work = inside(c, op, tree, work, wk);
    }
    as_its_root(c, op);
    S.report->order.root = overlay(c, op, &lower, upper, work, &op->list[1], op->n[0]);
    if (write(told, "R", 1) != 1) _exit(1);
    for (;;) pause();
}

static int id_mapped_root(const struct op *op) {
    const struct op *map = plan_find(S.plan, OP_USERMAP);
    const int maps = map_namespace(op, &map->list[0], &map->list[1]);
    int told[2], pidfd = -1, fd = -1;
    char byte;
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
    if (pipe2(told, O_CLOEXEC) < 0) fail_now(errno, position(op), "pipe");
    const pid_t maker = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (maker < 0) fail_now(errno, position(op), "clone3 for the root");
    if (maker == 0) make_root(op, maps, told[1]);
    close(told[1]);
    if (read(told[0], &byte, 1) == 1) fd = (int)syscall(SYS_pidfd_getfd, pidfd, S.report->order.root, 0);
    const int error = errno;
    kill(maker, SIGKILL);
    while (waitpid(maker, NULL, 0) < 0 && errno == EINTR) continue;
    close(told[0]);
    close(pidfd);
    close(maps);
    if (S.report->failure.error) give_up(&S.report->failure);
    if (fd < 0) fail_now(error, position(op), "take the root that was made of id-mapped layers");
    return fd;
}

static void keep_tree(struct op *op, int tree) {
    if (S.trees == MAX_TREES) fail_now(E2BIG, position(op), "more than %d mounts by the shim", MAX_TREES);
    op->n[6] = (uint64_t)S.trees + 1;
    S.tree[S.trees++] = tree;
}

/* A bind that is to share with the host is taken when the child is at it: mountinfo lists mounts by their age. False: the
 * process is ended, and the report says why. */
bool give_tree(const struct op *op) {
    int tree = bind_tree(op, -1);
    const bool none = tree < 0 && errno == ENOENT && op->flags & MOUNT_OPTIONAL;
    if (none || (tree >= 0 && dress(op, tree, true))) {
        const bool sent = send_tree(S.sync, tree);
        if (tree >= 0) close(tree);
        if (sent) return true;
    }
    struct failure *f = &S.report->failure;
    *f = (struct failure){.op = position(op), .code = op->code, .error = errno};
    snprintf(f->message, sizeof f->message, "open_tree %.150s", op->s[1]);
    syscall(SYS_pidfd_send_signal, S.pidfd, SIGKILL, NULL, 0);
    return false;
}

static bool bound_by_child(const struct op *op) {
    return op->code == OP_MOUNT && !strcmp(op->s[0], "bind") && !(op->flags & MOUNT_BY_SHIM);
}

static _Noreturn void open_sources(int told) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (setns(S.pidfd, CLONE_NEWNS) < 0) _exit(1);
    for (struct op *op = S.plan->ops; op < S.plan->ops + S.plan->count; op++) {
        if (!bound_by_child(op)) continue;
        const int fd = bind_source(op);
        op->n[6] = fd < 0 ? 0 : (uint64_t)fd;
    }
    if (write(told, "S", 1) != 1) _exit(1);
    for (;;) pause();
}

/* In a user namespace the way to the source of a bind may be closed to the child. Its mount namespace is there, so a process with
 * the host's rights opens the sources in that, where mounts stay locked as they are for the child. What it cannot open
 * the child tries itself, and says why it fails. */
void prepare_sources(void) {
    int told[2], pidfd = -1, binds = 0;
    char byte;
    struct clone_args args = {.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
    if (S.plan->session || !((S.plan->namespaces | S.plan->joined) & CLONE_NEWUSER)) return;
    for (uint32_t i = 0; i < S.plan->count; i++) binds += bound_by_child(&S.plan->ops[i]);
    if (!binds || !(S.plan->namespaces & CLONE_NEWNS)) return;
    if (pipe2(told, O_CLOEXEC) < 0) fail_now(errno, -1, "pipe");
    const pid_t opener = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (opener < 0) fail_now(errno, -1, "clone3 to open the sources of binds");
    if (opener == 0) open_sources(told[1]);
    close(told[1]);
    const bool opened = read(told[0], &byte, 1) == 1;
    for (struct op *op = S.plan->ops; op < S.plan->ops + S.plan->count; op++) {
        if (!bound_by_child(op)) continue;
        const int there = opened ? (int)op->n[6] : 0;
        const int fd = there && S.trees < MAX_TREES ? (int)syscall(SYS_pidfd_getfd, pidfd, there, 0) : -1;
        op->n[6] = 0;
        if (fd >= 0) keep_tree(op, fd);
    }
    S.report->order.trees = S.trees;
    kill(opener, SIGKILL);
    while (waitpid(opener, NULL, 0) < 0 && errno == EINTR) continue;
    close(told[0]);
    close(pidfd);
}

void prepare_trees(void) {
    for (uint32_t i = 0; i < S.plan->count; i++) {
        struct op *op = &S.plan->ops[i];
        if (op->code == OP_ROOTFS && op->flags & ROOTFS_IDMAP) keep_tree(op, id_mapped_root(op));
        if (op->code != OP_MOUNT || !(op->flags & MOUNT_BY_SHIM) || !op->list[1].count) continue;
        int tree = bind_tree(op, -1);
        if (tree < 0 && errno == ENOENT && op->flags & MOUNT_OPTIONAL) continue;
        if (tree < 0) fail_now(errno, (int)i, "open_tree %.150s", op->s[1]);
        id_map(op, tree);
        if (!dress(op, tree, true)) fail_now(errno, (int)i, "mount_setattr %.150s", op->s[3]);
        keep_tree(op, tree);
    }
    S.report->order.trees = S.trees;
}
