/* Nodes, masks and read-only paths inside the root file system. */
#define _GNU_SOURCE
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

void make_directory(
    struct child *c, const struct op *op, const char *path, mode_t mode, uid_t uid, gid_t gid, bool exclusive) {
    char copy[PATH_MAX];
    const char *last;
    int parent = parent_of(c, path, &last, copy);
    if (parent < 0) child_fail(c, op, errno, "mkdir %.150s", path);
    int made = mkdirat(parent, last, mode & 07777), error = errno;
    if (made < 0 && (error != EEXIST || exclusive)) child_fail(c, op, error, "mkdir %.150s", path);
    if (made == 0) {
        int fd = openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, mode & 07777) < 0)
            child_fail(c, op, errno, "chown %.150s", path);
        close(fd);
    }
    close(parent);
}

int op_mkdir(struct child *c, const struct op *op) {
    make_directory(c, op, op->s[0], (mode_t)op->n[0], (uid_t)op->n[1], (gid_t)op->n[2], op->flags & MKDIR_EXCL);
    return 0;
}

static void bind_node(struct child *c, const struct op *op, int parent, const char *last, dev_t device) {
    char path[300];
    struct stat st;
    snprintf(path, sizeof path, "/dev/%.250s", last);
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) child_fail(c, op, errno, "open the host's %.150s", path);
    if ((st.st_mode & S_IFMT) != (op->n[0] & S_IFMT) || st.st_rdev != device)
        child_fail(c, op, ENODEV, "the host's %.150s is another device", path);
    int tree = open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mknodat(parent, last, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
        child_fail(c, op, errno, "mknod %.150s", op->s[0]);
    int at = openat(parent, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (tree < 0 || at < 0 || put_on(tree, at) < 0) child_fail(c, op, errno, "bind %.150s", path);
    close(fd);
    close(tree);
    close(at);
}

int op_mknod(struct child *c, const struct op *op) {
    char copy[PATH_MAX];
    const char *last;
    const dev_t device = makedev((unsigned)op->n[1], (unsigned)op->n[2]);
    const mode_t mode = (mode_t)op->n[0];
    if (!S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode))
        child_fail(c, op, EINVAL, "mknod %.150s: mode 0%o", op->s[0], mode);
    int parent = parent_of(c, op->s[0], &last, copy);
    if (parent < 0) child_fail(c, op, errno, "mknod %.150s", op->s[0]);
    if (op->flags & MKNOD_BIND) {
        bind_node(c, op, parent, last, device);
    } else {
        int made = mknodat(parent, last, mode, device);
        if (made < 0 && errno == EEXIST && unlinkat(parent, last, 0) == 0) made = mknodat(parent, last, mode, device);
        if (made < 0) child_fail(c, op, errno, "mknod %.150s %u:%u", op->s[0], major(device), minor(device));
        if ((op->n[3] || op->n[4]) && fchownat(parent, last, (uid_t)op->n[3], (gid_t)op->n[4], AT_SYMLINK_NOFOLLOW) < 0)
            child_fail(c, op, errno, "chown %.150s", op->s[0]);
    }
    close(parent);
    return 0;
}

int op_symlink(struct child *c, const struct op *op) {
    char copy[PATH_MAX];
    const char *last;
    int parent = parent_of(c, op->s[1], &last, copy);
    if (parent < 0 || (symlinkat(op->s[0], parent, last) < 0 && errno != EEXIST))
        child_fail(c, op, errno, "symlink %.150s", op->s[1]);
    close(parent);
    return 0;
}

/* The mask mount itself the first time, a clone of it after that. */
static int mask_mount(struct child *c, const struct op *op, int kind) {
    if (c->masks[kind] < 0)
        c->masks[kind] = finish(c, op, begin(c, op, "tmpfs"), "tmpfs",
            MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    if (!c->used[kind]++) return c->masks[kind];
    return open_tree(c->masks[kind], "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

int op_mask(struct child *c, const struct op *op) {
    struct stat st;
    int at = open_at(c->root, op->s[0], O_PATH, INSIDE);
    if (at < 0 && (errno == ENOENT || errno == ENOTDIR)) return ENOENT;
    if (at < 0 || fstat(at, &st) < 0) child_fail(c, op, errno, "open %.150s", op->s[0]);
    int kind = !S_ISDIR(st.st_mode), mask = mask_mount(c, op, kind);
    if (mask < 0 || put_on(mask, at) < 0) child_fail(c, op, errno, "mask %.150s", op->s[0]);
    if (mask != c->masks[kind]) close(mask);
    close(at);
    return 0;
}

int op_readonly(struct child *c, const struct op *op) {
    int at = open_at(c->root, op->s[0], O_PATH, INSIDE);
    if (at < 0 && (errno == ENOENT || errno == ENOTDIR)) return ENOENT;
    if (op->flags & READONLY_ALONE) {
        if (at < 0 || attributes(at, MOUNT_ATTR_RDONLY, 0, 0, false) < 0)
            child_fail(c, op, errno, "read-only mount %.150s", op->s[0]);
        return close(at);
    }
    int tree = at < 0 ? -1 : open_tree(at, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0 || attributes(tree, MOUNT_ATTR_RDONLY, 0, 0, true) < 0 || put_on(tree, at) < 0)
        child_fail(c, op, errno, "read-only %.150s", op->s[0]);
    close(tree);
    close(at);
    return 0;
}

/* /dev/console: made here, without following anything, and covered by the terminal's own descriptor (row 4) */
int op_console(struct child *c, const struct op *op, int tty) {
    int at = mount_point(c, "/dev/console", false, INSIDE | RESOLVE_NO_SYMLINKS);
    int tree = at < 0 ? -1 : open_tree(tty, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0 || put_on(tree, at) < 0) child_fail(c, op, errno, "/dev/console");
    close(tree);
    close(at);
    return 0;
}
