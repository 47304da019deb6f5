/* The root file system: overlay or bind, and the way into it. */
#define _GNU_SOURCE
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int op_propagation(struct child *c, const struct op *op) {
    struct mount_attr attr = {.propagation = op->n[0]};
    if (mount_setattr(AT_FDCWD, "/", op->flags & PROPAGATION_RECURSIVE ? AT_RECURSIVE : 0, &attr, sizeof attr) < 0)
        child_fail(c, op, errno, "mount_setattr / propagation");
    return 0;
}

/* Directories are handed to overlayfs as /proc/self/fd/N: resolved once, no limit of 256 bytes, no escaping of , and : */
static void by_descriptor(struct child *c, const struct op *op, const char *path, char *name) {
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) child_fail(c, op, errno, "open %.200s", path);
    sprintf(name, "/proc/self/fd/%d", fd);
}

/* Linux before 6.5: overlayfs knows only one string of options, and fsconfig only 256 bytes of it. */
static int old_overlay(struct child *c, const struct op *op, char (*lower)[32], uint32_t lowers, const char *upper,
    const char *work, uint64_t attr) {
    char data[4096];
    size_t used = (size_t)snprintf(data, sizeof data, "lowerdir");
    for (uint32_t i = 0; i < lowers && used < sizeof data; i++)
        used += (size_t)snprintf(data + used, sizeof data - used, "%c%s", i ? ':' : '=', lower[i]);
    if (*upper && used < sizeof data)
        used += (size_t)snprintf(data + used, sizeof data - used, ",upperdir=%s,workdir=%s", upper, work);
    const struct list *more = op->code == OP_ROOTFS ? &op->list[1] : &op->list[0];
    for (uint32_t i = 0; i < more->count && used < sizeof data; i++) {
        const struct item *it = &more->at[i];
        if (!strcmp(it->s, "lowerdir") || !strcmp(it->s, "upperdir") || !strcmp(it->s, "workdir")) continue;
        used += (size_t)snprintf(data + used, sizeof data - used, ",%s%s%s", it->s, *it->v ? "=" : "", it->v);
    }
    if (used >= sizeof data)
        child_fail(c, op, E2BIG, "overlay options of %u layers do not fit into a page, as this kernel wants", lowers);
    if (mount("overlay", c->report->order.state, "overlay", 0, data) < 0)
        child_fail(c, op, errno, "mount overlay of %u layers: %.150s", lowers, data);
    int fd = open_tree(AT_FDCWD, c->report->order.state, OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE);
    if (fd < 0 || umount2(c->report->order.state, MNT_DETACH) < 0 || attributes(fd, attr, 0, 0, false) < 0)
        child_fail(c, op, errno, "open_tree overlay");
    return fd;
}

int overlay(struct child *c, const struct op *op, const struct list *lower, const char *upper, const char *work,
    const struct list *more, uint64_t attr) {
    char(*names)[32] = calloc(lower->count + 1, sizeof *names), up[32] = "", wk[32] = "";
    int mount = -1;
    if (!names) child_fail(c, op, ENOMEM, "overlay");
    for (uint32_t i = 0; i < lower->count; i++) by_descriptor(c, op, lower->at[i].s, names[i]);
    if (*upper) by_descriptor(c, op, upper, up), by_descriptor(c, op, work, wk);
    int fs = begin(c, op, "overlay");
    fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0); /* only a name, in mountinfo */
    bool ok = true, known = lower->count == 0 || fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", names[0], 0) == 0;
    for (uint32_t i = 1; known && ok && i < lower->count; i++)
        ok = fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", names[i], 0) == 0;
    if (!ok && errno != EINVAL) child_fail(c, op, errno, "overlay lowerdir of %u layers", lower->count);
    known = known && ok;
    if (known && *upper) {
        configure(c, op, fs, "upperdir", up);
        configure(c, op, fs, "workdir", wk);
    }
    for (uint32_t i = 0; known && i < more->count; i++)
        if (strcmp(more->at[i].s, "lowerdir") && strcmp(more->at[i].s, "upperdir") && strcmp(more->at[i].s, "workdir"))
            configure(c, op, fs, more->at[i].s, more->at[i].v);
    if (known)
        known = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0 &&
                (mount = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr)) >= 0;
    if (!known) { /* an old kernel, or a real refusal, which then comes again with its own errno */
        char why[160];
        int error = errno;
        reason(fs, why, sizeof why);
        if (error != EINVAL) child_fail(c, op, error, "mount overlay of %u layers: %s", lower->count, why);
        mount = old_overlay(c, op, names, lower->count, up, wk, attr);
    }
    close(fs);
    for (uint32_t i = 0; i < lower->count; i++) close(atoi(names[i] + sizeof "/proc/self/fd"));
    if (*upper) close(atoi(up + sizeof "/proc/self/fd")), close(atoi(wk + sizeof "/proc/self/fd"));
    free(names);
    return mount;
}

static int checked_null(void) {
    struct stat st;
    int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) return -1;
    if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) return fd;
    return errno = ENODEV, -1;
}

int op_rootfs(struct child *c, const struct op *op) {
    int itself = -1; /* a directory is covered by itself: there hooks of the host find the container's root, by its path */
    if (op->flags & ROOTFS_IDMAP) {
        c->root = c->tree[op->n[6] - 1];
    } else if (op->flags & ROOTFS_OVERLAY) {
        c->root = overlay(c, op, &op->list[0], op->s[0], op->s[1], &op->list[1], op->n[0]);
    } else {
        const char *source = op->list[0].at[0].s;
        itself = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
        c->root = itself < 0 ? -1
                             : open_tree(itself, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
                                                         (op->flags & ROOTFS_RECURSIVE ? AT_RECURSIVE : 0));
        if (c->root < 0) child_fail(c, op, errno, "open_tree %.200s", source);
        const uint64_t propagation = op->flags & ROOTFS_SLAVE ? 0 : MS_PRIVATE;
        if (attributes(c->root, op->n[0], 0, propagation, op->flags & ROOTFS_RECURSIVE) < 0)
            child_fail(c, op, errno, "mount_setattr %.200s", source);
    }
    /* a child in a user namespace may not walk the way to its directory; but it was cloned there, and only spares were not */
    const bool here = itself >= 0 || (c->plan->namespaces | c->plan->joined) & CLONE_NEWUSER;
    if (move_mount(c->root, "", itself >= 0 ? itself : AT_FDCWD, here ? "" : c->report->order.state,
            MOVE_MOUNT_F_EMPTY_PATH | (here ? MOVE_MOUNT_T_EMPTY_PATH : 0)) < 0)
        child_fail(c, op, errno, "move_mount root on %s", itself >= 0 ? op->list[0].at[0].s : c->report->order.state);
    if (itself >= 0) close(itself);
    /* for masks: taken now from the host's /dev by descriptor, since the container's own may be a trap (row 3) */
    int null = checked_null();
    if (null < 0 || (c->masks[1] = open_tree(null, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)) < 0)
        child_fail(c, op, errno, "/dev/null is not character device 1:3");
    close(null);
    return 0;
}

int op_pivot(struct child *c, const struct op *op) {
    int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (old < 0 || fchdir(c->root) < 0) child_fail(c, op, errno, "chdir to the root file system");
    if (syscall(SYS_pivot_root, ".", ".") < 0) child_fail(c, op, errno, "pivot_root");
    if (fchdir(old) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        child_fail(c, op, errno, "umount the old root");
    close(old);
    return 0;
}

int op_readonly_root(struct child *c, const struct op *op) {
    if (attributes(c->root, MOUNT_ATTR_RDONLY, 0, 0, false) < 0) child_fail(c, op, errno, "mount_setattr / read-only");
    return 0;
}
