/* tmpcopyup: what a directory of the root holds, copied into the tmpfs that is about to cover it. By descriptors alone, and
 * no link is followed: the image may hold anything, and somebody may share the directory. */
#define _GNU_SOURCE
#include "mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { DEEPEST = 64 };

static bool same_attributes(int from, int to, const struct stat *st) {
    char names[4096], value[4096];
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    const ssize_t length = flistxattr(from, names, sizeof names);
    if (length < 0 && errno != ENOTSUP) return false;
    for (const char *name = names; name < names + length; name += strlen(name) + 1) {
        const ssize_t n = fgetxattr(from, name, value, sizeof value);
        /* a tmpfs keeps security, trusted and user attributes; what else there is belongs to its file system */
        if (n < 0 || (fsetxattr(to, name, value, (size_t)n, 0) < 0 && errno != ENOTSUP)) return false;
    }
    return fchown(to, st->st_uid, st->st_gid) == 0 && fchmod(to, st->st_mode & 07777) == 0 && futimens(to, times) == 0;
}

static bool copy_file(int from, int to, const char *name, const struct stat *st) {
    const int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const int out = in < 0 ? -1 : openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    struct stat now;
    bool ok = out >= 0 && fstat(in, &now) == 0 && S_ISREG(now.st_mode);
    for (ssize_t n = 1; ok && n > 0; ok = n >= 0) n = sendfile(out, in, NULL, 1 << 20);
    ok = ok && same_attributes(in, out, st);
    const int error = errno;
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    errno = error;
    return ok;
}

static bool copy_link(int from, int to, const char *name, const struct stat *st) {
    char target[4096];
    const ssize_t n = readlinkat(from, name, target, sizeof target - 1);
    if (n < 0) return false;
    target[n] = 0;
    return symlinkat(target, to, name) == 0 && fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool copy_node(int from, int to, const char *name, const struct stat *st) {
    if (S_ISREG(st->st_mode)) return copy_file(from, to, name, st);
    if (S_ISLNK(st->st_mode)) return copy_link(from, to, name, st);
    return mknodat(to, name, st->st_mode, st->st_rdev) == 0 &&
           fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool copy_directory(int from, int to, int depth) {
    DIR *list = fdopendir(from); /* which closes it */
    bool ok = list && depth < DEEPEST;
    if (!ok) errno = list ? ELOOP : errno;
    for (struct dirent *e; ok && (errno = 0, e = readdir(list));) {
        struct stat st;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        ok = fstatat(from, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        if (!ok || !S_ISDIR(st.st_mode)) {
            ok = ok && copy_node(from, to, e->d_name, &st);
            continue;
        }
        const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        const int in = openat(from, e->d_name, flags), again = in < 0 ? -1 : fcntl(in, F_DUPFD_CLOEXEC, 3);
        const int out = again < 0 || mkdirat(to, e->d_name, 0700) < 0 ? -1 : openat(to, e->d_name, flags);
        ok = out >= 0 && copy_directory(again, out, depth + 1) && same_attributes(in, out, &st);
        const int error = errno;
        if (in >= 0) close(in);
        if (out >= 0) close(out);
        errno = error;
    }
    const int error = errno;
    if (list) closedir(list);
    errno = error;
    return ok && !error;
}

/* `tree` is the tmpfs, `at` what it will cover; the tmpfs's own root gets the mode that it was asked for, or that of `at`. */
void copy_up(struct child *c, const struct op *op, int at, int tree) {
    struct stat st;
    bool own = false;
    for (uint32_t i = 0; i < op->list[0].count; i++) {
        const char *key = op->list[0].at[i].s;
        own = own || !strcmp(key, "mode") || !strcmp(key, "uid") || !strcmp(key, "gid");
    }
    const int from = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int to = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0 || to < 0 || fstat(from, &st) < 0) child_fail(c, op, errno, "open %.150s for tmpcopyup", op->s[3]);
    const int again = fcntl(from, F_DUPFD_CLOEXEC, 3);
    if (!copy_directory(again, to, 0) || (!own && !same_attributes(from, to, &st)))
        child_fail(c, op, errno ? errno : EIO, "tmpcopyup of %.150s", op->s[3]);
    close(from);
    close(to);
}
