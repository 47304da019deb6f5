/* The control connections of a container, protocol.md section 2. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void drop(int i) {
    if (S.starter == S.control[i].fd) S.starter = -1;
    if (S.creator == S.control[i].fd) S.creator = -1;
    close(S.control[i].fd);
    S.control[i] = S.control[--S.controls];
}

static bool empty_directory(int dir, int depth);

static bool remove_entry(int dir, const char *name, int depth) {
    if (unlinkat(dir, name, 0) == 0) return true;
    int below = errno == EISDIR && depth < 2 ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    return below >= 0 && empty_directory(below, depth + 1) && unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

static bool empty_directory(int dir, int depth) {
    char entries[4096] __attribute__((aligned(8)));
    for (ssize_t n; (n = syscall(SYS_getdents64, dir, entries, sizeof entries)) > 0;)
        for (ssize_t at = 0; at < n;) {
            struct {
                uint64_t inode;
                int64_t offset;
                uint16_t length;
                uint8_t type;
                char name[];
            } *e = (void *)(entries + at);
            at += e->length;
            if (strcmp(e->name, ".") && strcmp(e->name, "..") && !remove_entry(dir, e->name, depth)) return false;
        }
    return true;
}

/* The poststop hooks, in a process of their own that nobody waits for: whoever has the connection may serve others. */
static bool last_words(int fd, const struct request *request, const struct plan *hooks) {
    pid_t child = fork();
    if (child < 0) return hooks_poststop(hooks), false;
    if (child > 0) return waitpid(child, NULL, 0), true;
    if (fork() > 0) _exit(0);
    prctl(PR_SET_NAME, "gantry-poststop");
    hooks_poststop(hooks);
    reply(fd, M_OK, request->header.seq, NULL);
    _exit(0);
}

/* A directory whose shim is gone: nobody holds its lock. The id is a counted string that fills the request. */
void remove_for(int fd, const struct request *request, int parent, const char *prefix) {
    char id[MAX_ID + 1] = "", name[MAX_ID + 8];
    uint32_t length = 0;
    int dir = -1, error = 0;
    if (request->have == request->header.length && request->have >= 4) memcpy(&length, request->body, 4);
    if (length && length <= MAX_ID && request->have == 4 + length) memcpy(id, request->body + 4, length);
    snprintf(name, sizeof name, "%s%s", prefix, id);
    if (strlen(id) != length || !plan_id_valid(id, MAX_ID))
        error = EINVAL;
    else if ((dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        error = errno;
    else if (flock(dir, LOCK_EX | LOCK_NB) < 0)
        error = EBUSY;
    else {
        struct plan *hooks = hooks_left(dir);
        if (!empty_directory(dir, 0) || unlinkat(parent, name, AT_REMOVEDIR) < 0) error = errno;
        if (!error && hooks && last_words(fd, request, hooks)) return (void)close(dir);
    }
    if (dir >= 0) close(dir);
    if (!error) return reply(fd, M_OK, request->header.seq, NULL);
    reply_error(fd, request->header.seq, error,
        error == EINVAL  ? "remove: not an id"
        : error == EBUSY ? "remove: its shim lives"
                         : "remove");
}

static int send_signal(int signal, uint32_t flags) {
    if (S.phase == EXITED) return ESRCH;
    if (flags & ~3u || flags == 3 || signal < 0 || signal >= NSIG) return EINVAL;
    if (flags & 2) return S.plan->session ? EINVAL : signal_everyone(signal);
    if (flags & 1) return kill(-S.pid, signal) == 0 ? 0 : errno;
    return syscall(SYS_pidfd_send_signal, S.pidfd, signal, NULL, 0) == 0 ? 0 : errno;
}

static void start(int fd, uint32_t seq) {
    if (S.phase != CREATED || S.wanted) /* before the child waits is early enough */
        return reply_error(fd, seq, S.phase == EXITED ? ESRCH : EBUSY, "start: started or exited already");
    S.wanted = true;
    S.starter = fd;
    S.starter_seq = seq;
    release();
}

/* True: the connection went to an exec session's shim. */
static bool serve(struct control *control, struct request *request) {
    const struct header *h = &request->header;
    const uint32_t want[] = {[M_SIGNAL] = 8, [M_RESIZE] = 4, [M_DELETE] = 0};
    const int fd = control->fd;
    uint32_t n[2] = {0};
    uint16_t size[2];
    int error = 0;
    if (h->type == M_EXEC && !S.plan->session) {
        if (S.phase != RUNNING) return reply_error(fd, h->seq, ESRCH, "exec: the container is not running"), false;
        pid_t child = fork();
        if (child == 0) session(fd, request);
        if (child < 0) return reply_error(fd, h->seq, errno, "exec: fork"), false;
        return true;
    }
    if (h->type == M_REMOVE && !S.plan->session) return remove_for(fd, request, S.dir, "exec-"), false;
    if (h->type > M_DELETE || h->length != want[h->type] || request->have != h->length || request->fds)
        return reply_error(fd, h->seq, EPROTO, "control: malformed request"), false;
    memcpy(n, request->body, h->length);
    memcpy(size, n, sizeof size);
    switch (h->type) {
    case M_START: return start(fd, h->seq), false;
    case M_STATE: return send_state(fd, h->seq), false;
    case M_SIGNAL: error = send_signal((int)n[0], n[1]); break;
    case M_RESIZE: error = shim_resize(size[0], size[1]); break;
    case M_CLOSE_STDIN: shim_input_end(); break;
    case M_WATCH: control->watches = true; break;
    case M_DELETE:
        if (S.hook > 0) kill(S.hook, SIGKILL);
        error = send_signal(SIGKILL, 0) == EPERM ? EPERM : 0;
        /* without a pid namespace of its own the others would outlive the init */
        if (!S.plan->session && !(S.plan->namespaces & CLONE_NEWPID)) signal_everyone(SIGKILL);
        break;
    default: error = EPROTO;
    }
    if (error)
        reply_error(fd, h->seq, error,
            h->type == M_SIGNAL   ? "signal"
            : h->type == M_RESIZE ? "resize"
                                  : "control: unknown request");
    else
        reply(fd, M_OK, h->seq, NULL);
    if (h->type == M_WATCH && S.phase == EXITED) tell_exit(fd);
    return false;
}

void control_event(int i) {
    struct request request = {0};
    bool gone = !receive_first(S.control[i].fd, &request);
    if (gone && errno == EAGAIN) return;
    gone = gone || serve(&S.control[i], &request);
    for (uint32_t j = 0; j < request.fds; j++) close(request.fd[j]);
    free(request.body);
    if (gone) drop(i);
}

void accept_control(void) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd = accept4(S.control_socket, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    if (S.controls == MAX_CONTROLS || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
        (peer.uid != L.uid && peer.uid != 0))
        close(fd);
    else
        S.control[S.controls++] = (struct control){fd, false};
}
