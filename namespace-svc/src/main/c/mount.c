/* Operations on mounts and on the root file system's nodes. Every path inside the root is resolved once, by openat2 with
 * the root's descriptor, and then used by descriptor alone (security.md rows 3 to 7). */
#define _GNU_SOURCE
#include "launcher.h"

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

static const uint64_t INSIDE = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
static const unsigned ONTO = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

int open_at(int base, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
    int fd;
    do fd = (int)syscall(SYS_openat2, base, path, &how, sizeof how);
    while (fd < 0 && errno == EAGAIN); /* a rename raced with the resolution of ".." */
    return fd;
}

static int attributes(int mount, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive) {
    struct mount_attr attr = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    return mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr);
}

/* Puts a mount on a resolved descriptor. */
static int put_on(int mount, int target) {
    return move_mount(mount, "", target, "", ONTO);
}

/* The directory that is to hold the last part of `path`; *last is that part. Missing directories are made with mkdirat on
 * the descriptor of the one above, so that nothing is ever made through a symlink that appears meanwhile. */
static int parent_of(struct child *c, const char *path, const char **last, char *copy) {
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
            if (mkdirat(at, part, 0755) < 0 && errno != EEXIST) next = -1;
            else next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
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
static int mount_point(struct child *c, const char *path, bool directory, uint64_t resolve) {
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
    if (fd >= 0 && (fstat(fd, &st) < 0 || S_ISLNK(st.st_mode))) return close(fd), errno = ELOOP, -1; /* a dangling link */
    return fd;
}

static void reason(int fs, char *text, size_t size) { /* the kernel's own words, from the fs context */
    ssize_t n = read(fs, text, size - 1);
    text[n > 0 ? n : 0] = 0;
    for (char *p = text; *p; p++)
        if (*p == '\n') *p = ' ';
}

static int configure(struct child *c, const struct op *op, int fs, const char *key, const char *value) {
    char why[128];
    int done = *value ? fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) : fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);
    if (done == 0) return 0;
    int error = errno;
    reason(fs, why, sizeof why);
    child_fail(c, op, error, "fsconfig %s=%.100s: %s", key, value, why);
}

static int finish(struct child *c, const struct op *op, int fs, const char *type, uint64_t attr) {
    char why[160];
    int mount = -1;
    if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 || (mount = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr)) < 0) {
        int error = errno;
        reason(fs, why, sizeof why);
        child_fail(c, op, error, "mount %s: %s", type, why);
    }
    close(fs);
    return mount;
}

static int begin(struct child *c, const struct op *op, const char *type) {
    int fs = fsopen(type, FSOPEN_CLOEXEC);
    if (fs < 0) child_fail(c, op, errno, "fsopen %s", type);
    return fs;
}

int op_propagation(struct child *c, const struct op *op) {
    struct mount_attr attr = {.propagation = op->n[0]};
    if (mount_setattr(AT_FDCWD, "/", op->flags & PROPAGATION_RECURSIVE ? AT_RECURSIVE : 0, &attr, sizeof attr) < 0) child_fail(c, op, errno, "mount_setattr / propagation");
    return 0;
}

/* Directories are handed to overlayfs as /proc/self/fd/N: resolved once, no limit of 256 bytes, no escaping of , and : */
static void by_descriptor(struct child *c, const struct op *op, const char *path, char *name) {
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) child_fail(c, op, errno, "open %.200s", path);
    sprintf(name, "/proc/self/fd/%d", fd);
}

/* Linux before 6.5: overlayfs knows only one string of options, and fsconfig only 256 bytes of it. */
static int old_overlay(struct child *c, const struct op *op, char (*lower)[32], uint32_t lowers, const char *upper, const char *work, uint64_t attr) {
    char data[4096];
    size_t used = (size_t)snprintf(data, sizeof data, "lowerdir");
    for (uint32_t i = 0; i < lowers && used < sizeof data; i++) used += (size_t)snprintf(data + used, sizeof data - used, "%c%s", i ? ':' : '=', lower[i]);
    if (*upper && used < sizeof data) used += (size_t)snprintf(data + used, sizeof data - used, ",upperdir=%s,workdir=%s", upper, work);
    const struct list *more = op->code == OP_ROOTFS ? &op->list[1] : &op->list[0];
    for (uint32_t i = 0; i < more->count && used < sizeof data; i++) {
        const struct item *it = &more->at[i];
        if (!strcmp(it->s, "lowerdir") || !strcmp(it->s, "upperdir") || !strcmp(it->s, "workdir")) continue;
        used += (size_t)snprintf(data + used, sizeof data - used, ",%s%s%s", it->s, *it->v ? "=" : "", it->v);
    }
    if (used >= sizeof data) child_fail(c, op, E2BIG, "overlay options of %u layers do not fit into a page, as this kernel wants", lowers);
    if (mount("overlay", c->report->order.state, "overlay", 0, data) < 0) child_fail(c, op, errno, "mount overlay of %u layers: %.150s", lowers, data);
    int fd = open_tree(AT_FDCWD, c->report->order.state, OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE);
    if (fd < 0 || umount2(c->report->order.state, MNT_DETACH) < 0 || attributes(fd, attr, 0, 0, false) < 0) child_fail(c, op, errno, "open_tree overlay");
    return fd;
}

static int overlay(struct child *c, const struct op *op, const struct list *lower, const char *upper, const char *work, const struct list *more, uint64_t attr) {
    char (*names)[32] = calloc(lower->count + 1, sizeof *names), up[32] = "", wk[32] = "";
    int mount = -1;
    if (!names) child_fail(c, op, ENOMEM, "overlay");
    for (uint32_t i = 0; i < lower->count; i++) by_descriptor(c, op, lower->at[i].s, names[i]);
    if (*upper) by_descriptor(c, op, upper, up), by_descriptor(c, op, work, wk);
    int fs = begin(c, op, "overlay");
    fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0); /* only a name, in mountinfo */
    bool ok = true, known = lower->count == 0 || fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", names[0], 0) == 0;
    for (uint32_t i = 1; known && ok && i < lower->count; i++) ok = fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", names[i], 0) == 0;
    if (!ok) child_fail(c, op, errno, "overlay lowerdir of %u layers", lower->count);
    if (known && *upper) {
        configure(c, op, fs, "upperdir", up);
        configure(c, op, fs, "workdir", wk);
    }
    for (uint32_t i = 0; known && i < more->count; i++)
        if (strcmp(more->at[i].s, "lowerdir") && strcmp(more->at[i].s, "upperdir") && strcmp(more->at[i].s, "workdir")) configure(c, op, fs, more->at[i].s, more->at[i].v);
    if (known) known = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0 && (mount = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr)) >= 0;
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
    if (op->flags & ROOTFS_OVERLAY) {
        c->root = overlay(c, op, &op->list[0], op->s[0], op->s[1], &op->list[1], op->n[0]);
    } else {
        const char *source = op->list[0].at[0].s;
        c->root = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (op->flags & ROOTFS_RECURSIVE ? AT_RECURSIVE : 0));
        if (c->root < 0) child_fail(c, op, errno, "open_tree %.200s", source);
        if (attributes(c->root, op->n[0], 0, MS_PRIVATE, op->flags & ROOTFS_RECURSIVE) < 0) child_fail(c, op, errno, "mount_setattr %.200s", source);
    }
    if (move_mount(c->root, "", AT_FDCWD, c->report->order.state, MOVE_MOUNT_F_EMPTY_PATH) < 0) child_fail(c, op, errno, "move_mount root on %s", c->report->order.state);
    /* for masks: taken now from the host's /dev by descriptor, since the container's own may be a trap (row 3) */
    int null = checked_null();
    if (null < 0 || (c->masks[1] = open_tree(null, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)) < 0) child_fail(c, op, errno, "/dev/null is not character device 1:3");
    close(null);
    return 0;
}

/* row 5: nothing may cover the container's /proc, or parts of it, but what lxcfs and the like provide */
static bool covers_proc(int target, const char *path) {
    static const char *const ALLOWED[] = {"cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo"};
    struct statfs fs;
    if (fstatfs(target, &fs) < 0) return true;
    if (fs.f_type != PROC_SUPER_MAGIC) return false;
    if (!strncmp(path, "/proc/", 6))
        for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++)
            if (!strcmp(path + 6, ALLOWED[i])) return false;
    return true;
}

static int bind(struct child *c, const struct op *op) {
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (op->flags & MOUNT_RECURSIVE ? AT_RECURSIVE : 0);
    int tree;
    if (*op->s[2]) {
        int base = open(op->s[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
        int below = base < 0 ? -1 : open_at(base, op->s[2], O_PATH, INSIDE);
        tree = below < 0 ? -1 : open_tree(below, "", flags | AT_EMPTY_PATH);
        int error = errno;
        if (below >= 0) close(below);
        if (base >= 0) close(base);
        errno = error;
    } else {
        tree = open_tree(AT_FDCWD, op->s[1], flags | (op->flags & MOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0));
    }
    if (tree < 0 && !(errno == ENOENT && op->flags & MOUNT_OPTIONAL)) child_fail(c, op, errno, "open_tree %.150s", op->s[1]);
    return tree;
}

static int fresh_overlay(struct child *c, const struct op *op) {
    struct list lower = {.at = calloc(op->list[0].count + 1, sizeof(struct item))};
    const char *upper = "", *work = "";
    for (uint32_t i = 0; lower.at && i < op->list[0].count; i++) {
        const struct item *it = &op->list[0].at[i];
        if (!strcmp(it->s, "lowerdir")) lower.at[lower.count++].s = it->v;
        else if (!strcmp(it->s, "upperdir")) upper = it->v;
        else if (!strcmp(it->s, "workdir")) work = it->v;
    }
    if (!lower.count || !*upper != !*work) child_fail(c, op, EINVAL, "overlay needs lowerdir, and upperdir with workdir");
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
        tree = finish(c, op, fs, type, op->n[0]);
    }
    if (binds && attributes(tree, op->n[0], op->n[1], op->n[2] ? op->n[2] : MS_PRIVATE, op->flags & (MOUNT_ATTR_RECURSIVE)) < 0) child_fail(c, op, errno, "mount_setattr %.150s", target);
    int at = mount_point(c, target, S_ISDIR(st.st_mode), INSIDE | (kernel ? RESOLVE_NO_SYMLINKS : 0));
    if (at < 0) child_fail(c, op, errno, "mount point %.150s", target);
    if (!kernel && covers_proc(at, target)) child_fail(c, op, EPERM, "%.150s lies on the container's /proc", target);
    if (put_on(tree, at) < 0) child_fail(c, op, errno, "move_mount %s on %.150s", type, target);
    if (!binds && op->n[2] && attributes(tree, 0, 0, op->n[2], false) < 0) child_fail(c, op, errno, "mount_setattr %.150s", target);
    close(at);
    close(tree);
    return 0;
}

void make_directory(struct child *c, const struct op *op, const char *path, mode_t mode, uid_t uid, gid_t gid, bool exclusive) {
    char copy[PATH_MAX];
    const char *last;
    int parent = parent_of(c, path, &last, copy);
    if (parent < 0) child_fail(c, op, errno, "mkdir %.150s", path);
    int made = mkdirat(parent, last, mode & 07777), error = errno;
    if (made < 0 && (error != EEXIST || exclusive)) child_fail(c, op, error, "mkdir %.150s", path);
    if (made == 0) {
        int fd = openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, mode & 07777) < 0) child_fail(c, op, errno, "chown %.150s", path);
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
    if ((st.st_mode & S_IFMT) != (op->n[0] & S_IFMT) || st.st_rdev != device) child_fail(c, op, ENODEV, "the host's %.150s is another device", path);
    int tree = open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mknodat(parent, last, S_IFREG | 0644, 0) < 0 && errno != EEXIST) child_fail(c, op, errno, "mknod %.150s", op->s[0]);
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
    if (!S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode)) child_fail(c, op, EINVAL, "mknod %.150s: mode 0%o", op->s[0], mode);
    int parent = parent_of(c, op->s[0], &last, copy);
    if (parent < 0) child_fail(c, op, errno, "mknod %.150s", op->s[0]);
    if (op->flags & MKNOD_BIND) {
        bind_node(c, op, parent, last, device);
    } else {
        int made = mknodat(parent, last, mode, device);
        if (made < 0 && errno == EEXIST && unlinkat(parent, last, 0) == 0) made = mknodat(parent, last, mode, device);
        if (made < 0) child_fail(c, op, errno, "mknod %.150s %u:%u", op->s[0], major(device), minor(device));
        if ((op->n[3] || op->n[4]) && fchownat(parent, last, (uid_t)op->n[3], (gid_t)op->n[4], AT_SYMLINK_NOFOLLOW) < 0) child_fail(c, op, errno, "chown %.150s", op->s[0]);
    }
    close(parent);
    return 0;
}

int op_symlink(struct child *c, const struct op *op) {
    char copy[PATH_MAX];
    const char *last;
    int parent = parent_of(c, op->s[1], &last, copy);
    if (parent < 0 || (symlinkat(op->s[0], parent, last) < 0 && errno != EEXIST)) child_fail(c, op, errno, "symlink %.150s", op->s[1]);
    close(parent);
    return 0;
}

/* The mask mount itself the first time, a clone of it after that. */
static int mask_mount(struct child *c, const struct op *op, int kind) {
    if (c->masks[kind] < 0) c->masks[kind] = finish(c, op, begin(c, op, "tmpfs"), "tmpfs", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
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
    int tree = at < 0 ? -1 : open_tree(at, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0 || attributes(tree, MOUNT_ATTR_RDONLY, 0, 0, true) < 0 || put_on(tree, at) < 0) child_fail(c, op, errno, "read-only %.150s", op->s[0]);
    close(tree);
    close(at);
    return 0;
}

int op_pivot(struct child *c, const struct op *op) {
    int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (old < 0 || fchdir(c->root) < 0) child_fail(c, op, errno, "chdir to the root file system");
    if (syscall(SYS_pivot_root, ".", ".") < 0) child_fail(c, op, errno, "pivot_root");
    if (fchdir(old) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) child_fail(c, op, errno, "umount the old root");
    close(old);
    return 0;
}

int op_readonly_root(struct child *c, const struct op *op) {
    if (attributes(c->root, MOUNT_ATTR_RDONLY, 0, 0, false) < 0) child_fail(c, op, errno, "mount_setattr / read-only");
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

/* A proc of our own, seen by nobody, for what must not go through the container's /proc (row 5). */
int fresh_proc(struct child *c, const struct op *op) {
    struct statfs fs;
    struct stat st;
    if (c->proc >= 0) return c->proc;
    c->proc = finish(c, op, begin(c, op, "proc"), "proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    if (fstatfs(c->proc, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC || fstat(c->proc, &st) < 0 || st.st_ino != 1) child_fail(c, op, ENODEV, "proc is not proc");
    return c->proc;
}
