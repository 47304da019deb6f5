/* The container's log in CRI form: "2016-10-06T00:17:09.669794202Z stdout F line". A write that fails is counted and told
 * in STATE; it never holds the container up. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 16 << 10, STAMP = 64 };

struct log {
    int fd, dir; /* the directory, resolved once */
    char *name;
    uint64_t most, size;
    uint32_t files;
    gid_t gid;
    struct log_state state;
    time_t second; /* what `text` holds the text of */
    char text[24];
    size_t part[2];
    char *line[2]; /* started and not ended, by stream; made when first needed */
    size_t used, room;
    char *out;
};

static int open_file(const struct log *log, uint64_t *size) {
    struct stat st;
    int fd = openat(log->dir, log->name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
    if (fd < 0) return -1;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) return close(fd), errno = EINVAL, -1;
    if (fchown(fd, 0, log->gid) < 0 || fchmod(fd, 0640) < 0) {
        int error = errno;
        return close(fd), errno = error, -1;
    }
    *size = (uint64_t)st.st_size;
    return fd;
}

/* The directory belongs to who may have put a link anywhere in its path: then it is an error (ELOOP), not followed. */
static int open_directory(const char *path, size_t length) {
    char directory[4096];
    if (length >= sizeof directory) return errno = ENAMETOOLONG, -1;
    snprintf(directory, sizeof directory, "%.*s", (int)(length ? length : 1), path);
    return open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

struct log *log_open(const char *path, uint64_t most, uint32_t files, gid_t gid) {
    const char *slash = strrchr(path, '/');
    struct log *log = calloc(1, sizeof *log);
    if (!log) return NULL;
    *log = (struct log){.name = strdup(slash + 1), .most = most, .files = files, .gid = gid, .second = -1, .fd = -1};
    log->dir = log->name ? open_directory(path, (size_t)(slash - path)) : -1;
    if (log->dir >= 0) log->fd = open_file(log, &log->size);
    if (log->fd >= 0) return log;
    const int error = errno;
    if (log->dir >= 0) close(log->dir);
    free(log->name);
    free(log);
    errno = error;
    return NULL;
}

static void failed(struct log *log) {
    log->state.errors++;
    log->state.error = errno;
}

static void rotate(struct log *log) {
    char from[4096], to[4096];
    for (uint32_t i = log->files - 1; i > 0; i--) {
        snprintf(to, sizeof to, "%s.%u", log->name, i);
        snprintf(from, sizeof from, i > 1 ? "%s.%u" : "%s", log->name, i - 1);
        if (renameat(log->dir, from, log->dir, to) < 0 && errno != ENOENT) failed(log);
    }
    if (log->files == 1 && unlinkat(log->dir, log->name, 0) < 0) failed(log);
    int fd = open_file(log, &log->size);
    if (fd < 0) {
        failed(log); /* go on in the old file */
        log->size = 0;
        return;
    }
    close(log->fd);
    log->fd = fd;
}

static void put_out(struct log *log) {
    size_t done = 0;
    if (log->most && log->size && log->size + log->used > log->most) rotate(log);
    while (done < log->used) {
        ssize_t n = write(log->fd, log->out + done, log->used - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            failed(log);
            break;
        }
        done += (size_t)n;
    }
    log->size += done;
    log->state.bytes += done;
    log->used = 0;
}

static void record(struct log *log, int stream, char tag, const char *data, size_t length) {
    struct timespec t;
    struct tm tm;
    if (log->used + STAMP + length > log->room) {
        if (log->used) put_out(log);
        if (STAMP + length > log->room) {
            char *more = realloc(log->out, 2 * LINE + STAMP);
            if (!more) return failed(log);
            log->out = more;
            log->room = 2 * LINE + STAMP;
        }
    }
    clock_gettime(CLOCK_REALTIME, &t);
    if (t.tv_sec != log->second) {
        log->second = t.tv_sec;
        strftime(log->text, sizeof log->text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&t.tv_sec, &tm));
    }
    log->used += (size_t)snprintf(
        log->out + log->used, STAMP, "%s.%09ldZ %s %c ", log->text, t.tv_nsec, stream == 2 ? "stderr" : "stdout", tag);
    memcpy(log->out + log->used, data, length);
    log->used += length;
    log->out[log->used++] = '\n';
}

static void keep(struct log *log, int stream, const char *data, size_t length) {
    if (!log->line[stream - 1] && !(log->line[stream - 1] = malloc(LINE)))
        return record(log, stream, 'P', data, length);
    memcpy(log->line[stream - 1] + log->part[stream - 1], data, length);
    log->part[stream - 1] += length;
}

static void end_line(struct log *log, int stream, char tag, const char *data, size_t length) {
    if (!log->part[stream - 1]) return record(log, stream, tag, data, length);
    keep(log, stream, data, length);
    record(log, stream, tag, log->line[stream - 1], log->part[stream - 1]);
    log->part[stream - 1] = 0;
}

void log_write(struct log *log, int stream, const char *data, size_t length) {
    if (!log) return;
    while (length) {
        const size_t room = LINE - log->part[stream - 1];
        const char *end = memchr(data, '\n', length < room + 1 ? length : room + 1);
        size_t taken = end ? (size_t)(end - data) : length < room ? length : room;
        if (end)
            end_line(log, stream, 'F', data, taken++);
        else if (taken == room)
            end_line(log, stream, 'P', data, taken);
        else
            keep(log, stream, data, taken);
        data += taken;
        length -= taken;
    }
    if (log->used) put_out(log);
}

void log_flush(struct log *log) {
    for (int stream = 1; log && stream <= 2; stream++)
        if (log->part[stream - 1]) end_line(log, stream, 'P', "", 0);
    if (log && log->used) put_out(log);
}

struct log_state log_state(const struct log *log) {
    return log ? log->state : (struct log_state){0};
}
