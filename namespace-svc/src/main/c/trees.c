/* Mounts that only the host's mount namespace has, or that only its rights can make: shared binds and id-mapped ones. The
 * shim takes them, the child gets them by descriptor and puts them in their place. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mount.h"

/* A user namespace that nothing runs in, for its maps alone. */
static int map_namespace(const struct op *op) {
    char path[64];
    struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    const pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) fail_now(errno, position(op), "clone3 of a user namespace for its maps");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    write_map(pid, "uid_map", &op->list[1], op);
    write_map(pid, "gid_map", &op->list[2], op);
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC), error = errno;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    if (fd < 0) fail_now(error, position(op), "open %s", path);
    return fd;
}

static void id_map(const struct op *op, int tree) {
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)map_namespace(op)};
    const int deep = op->flags & MOUNT_IDMAP_RECURSIVE ? AT_RECURSIVE : 0;
    if (mount_setattr(tree, "", AT_EMPTY_PATH | deep, &attr, sizeof attr) < 0)
        fail_now(errno, position(op), "id-map %.120s (its file system may not allow it)", op->s[1]);
    close((int)attr.userns_fd);
}

void prepare_trees(void) {
    for (uint32_t i = 0; i < S.plan->count; i++) {
        struct op *op = &S.plan->ops[i];
        if (op->code != OP_MOUNT || !(op->flags & MOUNT_BY_SHIM)) continue;
        if (S.trees == MAX_TREES) fail_now(E2BIG, (int)i, "more than %d mounts by the shim", MAX_TREES);
        int tree = bind_tree(op);
        if (tree < 0 && errno == ENOENT && op->flags & MOUNT_OPTIONAL) continue;
        if (tree < 0) fail_now(errno, (int)i, "open_tree %.150s", op->s[1]);
        if (op->list[1].count) id_map(op, tree);
        if (!dress(op, tree, true)) fail_now(errno, (int)i, "mount_setattr %.150s", op->s[3]);
        op->n[6] = (uint64_t)S.trees + 1;
        S.tree[S.trees++] = tree;
    }
    S.report->order.trees = S.trees;
}
