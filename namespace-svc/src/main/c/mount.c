/* Operations on mounts and on the root file system's nodes. Every path inside the root is resolved once, by openat2 with
 * the root's descriptor, and then used by descriptor alone (security.md rows 3 to 7). */
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

int open_at(int base, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
    int fd;
    do fd = (int)syscall(SYS_openat2, base, path, &how, sizeof how);
    while (fd < 0 && errno == EAGAIN); /* a rename raced with the resolution of ".." */
    return fd;
}

int attributes(int mount, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive) {
    struct mount_attr attr = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    return mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr);
}

/* Puts a mount on a resolved descriptor. */
int put_on(int mount, int target) {
    return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* The directory that is to hold the last part of `path`; *last is that part. Missing directories are made with mkdirat on
 * the descriptor of the one above, so that nothing is ever made through a symlink that appears meanwhile. */
int parent_of(struct child *c, const char *path, const char **last, char *copy) {
    if (strlen(path) >= PATH_MAX) return errno = ENAMETOOLONG, -1;
    strcpy(copy, path);
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--) copy[n - 1] = 0;
    char *slash = strrchr(copy, '/');
    *last = slash + 1;
    *slash = 0;
    int at = open_at(c->root, *copy ? copy : "/", O_PATH | O_DIRECTORY, INSIDE);
    if (at >= 0 || errno != ENOENT) return at;
    at = open_at(c->root, "/", O_PATH | O_DIRECTORY, INSIDE);
    bool made = false;
    for (char *part = copy, *end; at >= 0 && *part; part = end) {
        while (*part == '/') part++;
        end = part + strcspn(part, "/");
        if (end == part) break;
        char kept = *end;
        *end = 0;
        int next = made ? -1 : open_at(c->root, copy, O_PATH | O_DIRECTORY, INSIDE);
        if (next < 0 && (made || errno == ENOENT)) {
            made = true; /* below a fresh directory no symlink is followed any more */
            if (mkdirat(at, part, 0755) < 0 && errno != EEXIST)
                next = -1;
            else
                next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        int error = errno;
        close(at);
        errno = error;
        at = next;
        *end = kept;
    }
    return at;
}

/* A mount point, made if it is missing. */
int mount_point(struct child *c, const char *path, bool directory, uint64_t resolve) {
    char copy[PATH_MAX];
    const char *last;
    int fd = open_at(c->root, path, O_PATH, resolve), parent;
    if (fd >= 0 || errno != ENOENT) return fd;
    if ((parent = parent_of(c, path, &last, copy)) < 0) return -1;
    if (directory ? mkdirat(parent, last, 0755) : mknodat(parent, last, S_IFREG | 0644, 0)) {
        if (errno != EEXIST) return -1;
    }
    fd = openat(parent, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    close(parent);
    struct stat st;
    if (fd >= 0 && (fstat(fd, &st) < 0 || S_ISLNK(st.st_mode)))
        return close(fd), errno = ELOOP, -1; /* a dangling link */
    return fd;
}

void reason(int fs, char *text, size_t size) { /* the kernel's own words, from the fs context */
    ssize_t n = read(fs, text, size - 1);
    text[n > 0 ? n : 0] = 0;
    for (char *p = text; *p; p++)
        if (*p == '\n') *p = ' ';
}

int configure(struct child *c, const struct op *op, int fs, const char *key, const char *value) {
    char why[128];
    int done =
        *value ? fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) : fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);
    if (done == 0) return 0;
    int error = errno;
    reason(fs, why, sizeof why);
    child_fail(c, op, error, "fsconfig %s=%.100s: %s", key, value, why);
}

int finish(struct child *c, const struct op *op, int fs, const char *type, uint64_t attr) {
    char why[160];
    int mount = -1;
    if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ||
        (mount = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr)) < 0) {
        int error = errno;
        reason(fs, why, sizeof why);
        child_fail(c, op, error, "mount %s: %s", type, why);
    }
    close(fs);
    return mount;
}

int begin(struct child *c, const struct op *op, const char *type) {
    int fs = fsopen(type, FSOPEN_CLOEXEC);
    if (fs < 0) child_fail(c, op, errno, "fsopen %s", type);
    return fs;
}

/* row 5: nothing may cover the container's /proc, or parts of it, but what lxcfs and the like provide */
static bool covers_proc(int target, const char *path) {
    static const char *const ALLOWED[] = {
        "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo"};
    struct statfs fs;
    if (fstatfs(target, &fs) < 0) return true;
    if (fs.f_type != PROC_SUPER_MAGIC) return false;
    if (!strncmp(path, "/proc/", 6))
        for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++)
            if (!strcmp(path + 6, ALLOWED[i])) return false;
    return true;
}

/* What is to be bound, as a descriptor of its path. */
int bind_source(const struct op *op) {
    if (!*op->s[2]) return open(op->s[1], O_PATH | O_CLOEXEC | (op->flags & MOUNT_NOFOLLOW ? O_NOFOLLOW : 0));
    int base = open(op->s[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
    int below = base < 0 ? -1 : open_at(base, op->s[2], O_PATH, INSIDE), error = errno;
    if (base >= 0) close(base);
    errno = error;
    return below;
}

int bind_tree(const struct op *op, int source) {
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (op->flags & MOUNT_RECURSIVE ? AT_RECURSIVE : 0);
    if (source < 0) source = bind_source(op);
    int tree = source < 0 ? -1 : open_tree(source, "", flags | AT_EMPTY_PATH), error = errno;
    if (source >= 0) close(source);
    errno = error;
    return tree;
}

static int bind(struct child *c, const struct op *op) {
    if (op->flags & MOUNT_BY_SHIM && !op->list[1].count) return ask_tree(c, op);
    if (op->flags & MOUNT_BY_SHIM) return op->n[6] ? c->tree[op->n[6] - 1] : -1;
    int tree = bind_tree(op, op->n[6] ? c->tree[op->n[6] - 1] : -1);
    if (tree < 0 && !(errno == ENOENT && op->flags & MOUNT_OPTIONAL))
        child_fail(c, op, errno, "open_tree %.150s", op->s[1]);
    return tree;
}

/* Attributes of all mounts below, then of the first alone, then how it propagates. */
bool dress(const struct op *op, int tree, bool propagate) {
    const bool deep = op->flags & MOUNT_PROPAGATION_RECURSIVE;
    return !((op->n[2] || op->n[3]) && attributes(tree, op->n[2], op->n[3], 0, true) < 0) &&
           !((op->n[0] || op->n[1]) && attributes(tree, op->n[0], op->n[1], 0, false) < 0) &&
           !(propagate && attributes(tree, 0, 0, op->n[4] ? op->n[4] : MS_PRIVATE, deep) < 0);
}

static int fresh_overlay(struct child *c, const struct op *op) {
    struct list lower = {.at = calloc(op->list[0].count + 1, sizeof(struct item))};
    const char *upper = "", *work = "";
    for (uint32_t i = 0; lower.at && i < op->list[0].count; i++) {
        const struct item *it = &op->list[0].at[i];
        if (!strcmp(it->s, "lowerdir"))
            lower.at[lower.count++].s = it->v;
        else if (!strcmp(it->s, "upperdir"))
            upper = it->v;
        else if (!strcmp(it->s, "workdir"))
            work = it->v;
    }
    if (!lower.count || !*upper != !*work)
        child_fail(c, op, EINVAL, "overlay needs lowerdir, and upperdir with workdir");
    int mount = overlay(c, op, &lower, upper, work, &op->list[0], op->n[0]);
    free(lower.at);
    return mount;
}

int op_mount(struct child *c, const struct op *op) {
    const char *type = op->s[0], *target = op->s[3];
    const bool binds = !strcmp(type, "bind"), kernel = !strcmp(type, "proc") || !strcmp(type, "sysfs");
    int tree;
    struct stat st = {.st_mode = S_IFDIR};
    if (binds) {
        if ((tree = bind(c, op)) < 0) return ENOENT;
        if (fstat(tree, &st) < 0) child_fail(c, op, errno, "stat %.150s", op->s[1]);
    } else if (!strcmp(type, "overlay")) {
        tree = fresh_overlay(c, op);
    } else {
        int fs = begin(c, op, type);
        if (*op->s[1]) configure(c, op, fs, "source", op->s[1]);
        for (uint32_t i = 0; i < op->list[0].count; i++) configure(c, op, fs, op->list[0].at[i].s, op->list[0].at[i].v);
        tree = finish(c, op, fs, type, op->flags & MOUNT_COPY_UP ? op->n[0] & ~(uint64_t)MOUNT_ATTR_RDONLY : op->n[0]);
    }
    if (binds && !(op->flags & MOUNT_BY_SHIM) && !dress(op, tree, true))
        child_fail(c, op, errno, "mount_setattr %.150s", target);
    int at = mount_point(c, target, S_ISDIR(st.st_mode), INSIDE | (kernel ? RESOLVE_NO_SYMLINKS : 0));
    if (at < 0)
        child_fail(c, op, errno, "mount point %.150s%s", target,
            kernel && errno == ELOOP ? ": it must be mounted on ordinary directory, no link" : "");
    if (!kernel && covers_proc(at, target)) child_fail(c, op, EPERM, "%.150s lies on the container's /proc", target);
    if (op->flags & MOUNT_COPY_UP) copy_up(c, op, at, tree);
    if (put_on(tree, at) < 0) child_fail(c, op, errno, "move_mount %s on %.150s", type, target);
    if (!binds && !dress(op, tree, op->n[4])) child_fail(c, op, errno, "mount_setattr %.150s", target);
    close(at);
    close(tree);
    return 0;
}

/* A proc of our own, seen by nobody, for what must not go through the container's /proc (row 5). */
int fresh_proc(struct child *c, const struct op *op) {
    struct statfs fs;
    struct stat st;
    if (c->proc >= 0) return c->proc;
    c->proc = finish(c, op, begin(c, op, "proc"), "proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    if (fstatfs(c->proc, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC || fstat(c->proc, &st) < 0 || st.st_ino != 1)
        child_fail(c, op, ENODEV, "proc is not proc");
    return c->proc;
}
