/* A signal for every process of a container: those of its cgroup and the groups below, or of its pid namespace. */
#define _GNU_SOURCE
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_PIDS = 1 << 22, DEEPEST = 32, MOST_PASSES = 100 };

struct everyone {
    uint8_t *seen; /* a bit for each pid that got it */
    int signal, fresh, error;
    const char *group; /* as /proc/PID/cgroup ends, or NULL: by pid namespace */
    ino_t namespace;
};

/* Whether the process is still who it was when it was listed: its number may have gone to another meanwhile. */
static bool belongs(const struct everyone *all, pid_t pid) {
    char path[64], line[8192];
    struct stat st;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, all->group ? "cgroup" : "ns/pid");
    if (!all->group) return stat(path, &st) == 0 && st.st_ino == all->namespace;
    FILE *file = fopen(path, "re");
    const size_t length = strlen(all->group);
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *place = strstr(line, ":/"); /* hierarchy:controllers:path */
        place = place ? strstr(place, all->group) : NULL;
        found = place && (place[length] == '\n' || place[length] == '/');
    }
    if (file) fclose(file);
    return found;
}

static void tell(struct everyone *all, pid_t pid) {
    if (pid <= 0 || pid >= MOST_PIDS || all->seen[pid / 8] & 1 << pid % 8) return;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return; /* it is gone */
    if (belongs(all, pid)) {
        all->seen[pid / 8] |= (uint8_t)(1 << pid % 8);
        all->fresh++;
        if (syscall(SYS_pidfd_send_signal, fd, all->signal, NULL, 0) < 0 && errno != ESRCH) all->error = errno;
    }
    close(fd);
}

static void in_group(struct everyone *all, int dir, int depth) {
    int procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *file = procs < 0 ? NULL : fdopen(procs, "r");
    for (pid_t pid; file && fscanf(file, "%d", &pid) == 1;) tell(all, pid);
    if (file) fclose(file);
    DIR *list = fdopendir(dir);
    for (struct dirent *e; list && depth < DEEPEST && (e = readdir(list));) {
        if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        int below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below >= 0) in_group(all, below, depth + 1);
    }
    if (list)
        closedir(list);
    else
        close(dir);
}

static void in_namespace(struct everyone *all) {
    DIR *list = opendir("/proc");
    for (struct dirent *e; list && (e = readdir(list));) {
        const long pid = strtol(e->d_name, NULL, 10);
        if (pid > 0 && belongs(all, (pid_t)pid)) tell(all, (pid_t)pid);
    }
    if (list) closedir(list);
}

static const struct item *group(void) { /* any of its hierarchies names all; version 2 does not let go of what it forks */
    const struct op *op = plan_find(S.plan, OP_CGROUP);
    const struct item *found = NULL;
    for (uint32_t i = 0; op && i < op->list[0].count; i++)
        if (!found || op->list[0].at[i].n[0] == 2) found = &op->list[0].at[i];
    return found;
}

/* Once to each; SIGKILL in passes until one finds nobody new, for what is forked meanwhile is to die too. What another
 * signal's handler forks is not to be ended by it. 0, or an errno. */
int signal_everyone(int signal) {
    static const size_t BASE = sizeof "/sys/fs/cgroup" - 1;
    const struct item *in = group();
    struct everyone all = {.signal = signal};
    struct stat st;
    char path[64];
    if (in) { /* a v1 hierarchy, or cgroup2 beside them, has a directory of its own below the mount */
        const char *relative = in->s + BASE;
        const char *below = strchr(relative + 1, '/');
        all.group = in->n[0] == 1 && below ? below : !strncmp(relative, "/unified/", 9) ? relative + 8 : relative;
    } else {
        if (!(S.plan->namespaces & CLONE_NEWPID)) return EOPNOTSUPP;
        snprintf(path, sizeof path, "/proc/%d/ns/pid", S.pid);
        if (stat(path, &st) < 0) return ESRCH;
        all.namespace = st.st_ino;
    }
    all.seen = calloc(1, MOST_PIDS / 8);
    if (!all.seen) return ENOMEM;
    for (int pass = 0; pass < MOST_PASSES && (pass == 0 || (signal == SIGKILL && all.fresh)); pass++) {
        all.fresh = 0;
        if (!in) {
            in_namespace(&all);
            continue;
        }
        int dir = open_at(L.cgroups, in->s + BASE + 1, O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        if (dir < 0) {
            all.error = errno;
            break;
        }
        in_group(&all, dir, 0);
    }
    free(all.seen);
    return all.error;
}
