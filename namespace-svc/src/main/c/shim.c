/* One shim for each container and each exec session: it makes the child, then holds its stdio, log, sockets and exit
 * status. It outlives the launcher and the JVM. Single-threaded, one poll loop. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIXED = 7, UNKNOWN = -1 };

struct shim S;
static pid_t container; /* its init, in the shim of a session */

void release(void) {
    if (S.released || !S.wanted || !S.told) return; /* told: the child waits for this and nothing else */
    const struct op *stdio = plan_find(S.plan, OP_STDIO);
    if (stdio && stdio->flags & STDIO_WAIT_ATTACH && !attach_clients()) return;
    S.released = true;
    if (send(S.sync, "G", 1, MSG_NOSIGNAL) != 1) S.failing = true; /* it is dead: its end says why */
}

void shim_attached(void) {
    release();
}

void shim_left(void) {
    if (S.once && S.fed) shim_input_end();
}

static void started(const struct failure *failure) {
    if (S.starter < 0) return;
    if (failure) {
        if (!send_failure(S.starter, S.starter_seq, failure)) shutdown(S.starter, SHUT_RDWR);
    } else {
        reply(S.starter, M_STARTED, S.starter_seq, NULL);
    }
    send_timings(S.starter, S.starter_seq);
    S.starter = -1;
}

/* ---- hooks in the runtime's namespaces, each in a process of its own, so that requests are answered meanwhile ---- */

static void record_exit(void);

void end_hook(void) {
    if (S.hook <= 0) return;
    kill(S.hook, SIGKILL);
    while (waitpid(S.hook, NULL, 0) < 0 && errno == EINTR) continue;
    S.hook = 0;
}

static void begin_hook(const struct op *op) {
    struct timing *t = &S.report->at[op - S.plan->ops];
    S.hook_op = op;
    t->start = now(CLOCK_MONOTONIC);
    S.hook = fork();
    if (S.hook < 0) fail_now(errno, (int)(op - S.plan->ops), "fork a hook");
    if (S.hook > 0) return;
    struct failure why = {.op = (int32_t)(op - S.plan->ops)};
    prctl(PR_SET_NAME, "gantry-hook");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* prestart comes after step 2 of the lifecycle (runtime.md), from which on a container is created */
    const char *status = op->n[0] == HOOK_PRESTART ? "created" : op->n[0] < HOOK_POSTSTART ? "creating" : "running";
    if (hook_run(plan_find(S.plan, OP_STATE), op, status, S.pid, &why))
        _exit(0);
    if (op->n[0] < HOOK_POSTSTART) S.report->failure = why;
    t->error = why.error;
    _exit(1);
}

/* The next poststart hook; when there is none the start is over. */
static void poststart(const struct op *from) {
    for (const struct op *op = from; op < S.plan->ops + S.plan->count; op++)
        if (op->code == OP_HOOK && op->n[0] == HOOK_POSTSTART) return begin_hook(op);
    S.hook_op = NULL;
    if (!S.told) tell_created(true);
    started(NULL);
    if (S.dead) record_exit();
}

static void hook_ended(int status) {
    const struct op *op = S.hook_op;
    S.hook = 0;
    if (op->n[0] == HOOK_POSTSTART) { /* a failure is a warning: its errno is told with the times */
        struct timing *t = &S.report->at[op - S.plan->ops];
        t->duration = now(CLOCK_MONOTONIC) - t->start;
        t->done = 1;
        if (status && !t->error) t->error = ECANCELED;
        return poststart(op + 1);
    }
    if (status) {
        struct failure *f = &S.report->failure;
        if (!f->error) *f = (struct failure){.op = (int32_t)(op - S.plan->ops), .code = OP_HOOK, .error = ECANCELED};
        give_up(f);
    }
    S.hook_op = NULL;
    if (send(S.sync, "C", 1, MSG_NOSIGNAL) != 1) S.failing = true;
}

/* The child's end of the socket is closed: it runs the command now, or failed, or died. */
static void sync_ended(void) {
    struct failure *f = &S.report->failure;
    struct timing *exec = &S.report->at[plan_find(S.plan, OP_EXEC) - S.plan->ops];
    close_fd(&S.sync);
    if (!f->error && !exec->start) {
        *f = (struct failure){.op = -1, .error = ECANCELED};
        snprintf(f->message, sizeof f->message, "the process was killed before it ran the command");
    }
    if (f->error) {
        if (!S.told) give_up(f);
        S.failing = true;
        started(f);
        return;
    }
    exec->duration = now(CLOCK_MONOTONIC) - exec->start;
    exec->done = 1;
    S.phase = RUNNING;
    poststart(S.plan->ops);
}

static void sync_event(void) {
    char what, room[CMSG_SPACE(sizeof(int))];
    struct iovec text = {&what, 1};
    while (S.sync >= 0) {
        struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
        ssize_t n = recvmsg(S.sync, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0) return sync_ended();
        const struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        if (what == 'T' && part) {
            memcpy(&S.in, CMSG_DATA(part), sizeof S.in);
            if (S.rows) shim_resize(S.rows, S.cols);
            if (called.console) {
                called_console(S.in);
                close_fd(&S.in);
                continue;
            }
            fcntl(S.in, F_SETFL, O_NONBLOCK);
            S.out[0] = fcntl(S.in, F_DUPFD_CLOEXEC, 3);
        } else if (what == 'W') {
            tell_created(false);
            release();
        } else if (what == 'S' && plan_find(S.plan, OP_LISTENER)) {
            if (pass_listener(container) && send(S.sync, "L", 1, MSG_NOSIGNAL) != 1) S.failing = true;
        } else if (what == 'M' && S.report->order.hook < S.plan->count) {
            if (!give_tree(&S.plan->ops[S.report->order.hook])) S.failing = true;
        } else if (what == 'H' && S.report->order.hook < S.plan->count && !S.hook) {
            begin_hook(&S.plan->ops[S.report->order.hook]);
        }
    }
}

static void record_exit(void) {
    char text[80];
    if (!S.exit_time) S.exit_time = now(CLOCK_REALTIME);
    S.signal = !S.unknown && WIFSIGNALED(S.status) ? WTERMSIG(S.status) : 0;
    S.code = S.unknown ? UNKNOWN : S.signal ? 128 + S.signal : WEXITSTATUS(S.status);
    if (S.failing && !S.signal && S.report->failure.error) {
        S.code = S.report->failure.error == ENOENT ? 127 : 126;
        S.signal = 0;
    }
    S.phase = EXITED;
    snprintf(text, sizeof text, "%d %d %lu\n", S.code, S.signal, (unsigned long)S.exit_time);
    S.recorded = write_file("exit.new", text);
    if (S.recorded < 0 || rename("exit.new", "exit") < 0) S.exit_time |= 1; /* the event still tells it */
    for (int i = 0; i < S.controls; i++)
        if (S.control[i].watches) tell_exit(S.control[i].fd);
    if (S.starter >= 0) { /* START came when it was dead already */
        reply_error(S.starter, S.starter_seq, ESRCH, "start: the process is gone");
        S.starter = -1;
    }
    close_fd(&S.in);
    S.input_left = 0;
}

static void child_ended(const int *status) { /* NULL: nobody can tell how */
    sync_event();
    if (S.sync >= 0) sync_ended();
    S.unknown = !status;
    S.status = status ? *status : 0;
    S.dead = S.hook > 0;
    S.exit_time = now(CLOCK_REALTIME);
    if (!S.dead) record_exit();
}

static void apart_event(void) {
    int status;
    if (S.phase != EXITED && !S.dead) child_ended(apart_status(&status) ? &status : NULL);
}

static void signal_event(void) {
    struct signalfd_siginfo info;
    int status;
    while (read(S.signals, &info, sizeof info) == sizeof info) continue;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == S.hook) hook_ended(status);
        if (pid != S.pid) continue; /* orphans: a shim is a subreaper, and the parent of its sessions' shims */
        child_ended(&status);
    }
}

static _Noreturn void finish(void) {
    unlinkat(S.dir, "ctl", 0);
    unlinkat(S.dir, "attach", 0);
    close(S.dir); /* the lock: whoever sees the connection end may REMOVE at once */
    for (int i = 0; i < S.controls; i++) close(S.control[i].fd);
    if (S.recorded >= 0) fdatasync(S.recorded);
    _exit(called.pid ? S.code : 0);
}

static _Noreturn void loop(void) {
    struct pollfd fds[FIXED + 1 + MAX_CONTROLS + MAX_CLIENTS];
    uint64_t patience = 0;
    bool drained = false;
    for (;;) {
        const bool blocked = attach_blocked();
        if (S.phase == EXITED && S.out[0] < 0 && S.out[1] < 0 && !drained) {
            drained = true;
            log_flush(S.log);
            attach_exit(S.code);
            patience = now(CLOCK_MONOTONIC) + 10000000000u;
        }
        if (drained && !attach_flushing(now(CLOCK_MONOTONIC) < patience)) finish();
        fds[0] = (struct pollfd){S.sync, POLLIN, 0};
        fds[1] = (struct pollfd){S.signals, POLLIN, 0};
        fds[2] = (struct pollfd){S.control_socket, POLLIN, 0};
        fds[3] = (struct pollfd){S.attach_socket, POLLIN, 0};
        fds[4] = (struct pollfd){blocked ? -1 : S.out[0], POLLIN, 0};
        fds[5] = (struct pollfd){blocked ? -1 : S.out[1], POLLIN, 0};
        fds[6] = (struct pollfd){L.apart && S.phase != EXITED && !S.dead ? S.pidfd : -1, POLLIN, 0};
        int n = FIXED, base, clients;
        for (int i = 0; i < S.controls; i++) fds[n++] = (struct pollfd){S.control[i].fd, POLLIN, 0};
        base = n;
        clients = attach_poll(fds + n, !S.input_left);
        n += clients;
        const int input = n;
        if (S.input_left) fds[n++] = (struct pollfd){S.in, POLLOUT, 0};
        if (poll(fds, (nfds_t)n, drained ? 1000 : S.phase == EXITED && !blocked ? 0 : -1) < 0 && errno != EINTR)
            _exit(1);
        if (fds[0].revents) sync_event();
        for (int i = 0; i < 2; i++)
            if (fds[4 + i].revents || (S.phase == EXITED && !blocked && S.out[i] >= 0)) read_output(i);
        if (fds[1].revents) signal_event();
        if (fds[6].revents) apart_event();
        if (S.input_left && n > input && fds[input].revents && write_input()) attach_resume();
        attach_events(fds + base, clients);
        for (int i = base - FIXED - 1; i >= 0; i--)
            if (fds[FIXED + i].revents) control_event(i);
        if (fds[2].revents) accept_control();
        if (fds[3].revents) attach_accept(S.attach_socket);
    }
}

static _Noreturn void run(struct report *report, int connection, struct request *request, int parent, int init) {
    struct failure why = {.op = -1};
    sigset_t child;
    S = (struct shim){.report = report,
        .plan = &report->plan,
        .init = init,
        .starter = -1,
        .pidfd = -1,
        .sync = -1,
        .dir = -1,
        .parent = parent,
        .control_socket = -1,
        .attach_socket = -1,
        .in = -1,
        .out = {-1, -1},
        .recorded = -1};
    S.base = now(CLOCK_REALTIME);
    S.base_mono = now(CLOCK_MONOTONIC);
    S.control[S.controls++] = (struct control){connection, true};
    S.creator = connection;
    S.create_seq = request->header.seq;
    if (!receive_rest(connection, request))
        fail_now(errno, -1, "receive the plan: %zu of %u bytes came", request->have, request->header.length);
    if (!plan_parse(S.plan, &(struct arena){report->arena, sizeof report->arena}, request->body, request->header.length,
            request->fds, init >= 0, &why)) {
        S.plan->count = 0;
        give_up(&why);
    }
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    S.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (S.signals < 0) fail_now(errno, -1, "signalfd");
    const struct op *tty = plan_find(S.plan, OP_TTY);
    if (tty) S.rows = (uint16_t)tty->n[0], S.cols = (uint16_t)tty->n[1];
    make_directory_of_it();
    prepare_stdio();
    make_child(request);
    after_clone();
    give_order(request);
    make_files();
    loop();
}

/* ---- exec sessions, and requests that come to the launcher ---- */

static void close_but(const int *keep, int count) { /* `keep` is sorted */
    unsigned from = 3;
    for (int i = 0; i < count; i++) {
        if (keep[i] > (int)from) close_range(from, (unsigned)keep[i] - 1, 0);
        if (keep[i] >= (int)from) from = (unsigned)keep[i] + 1;
    }
    close_range(from, ~0u, 0);
}

static int ascending(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

_Noreturn void session(int fd, struct request *request) {
    /* opened anew: the container's lock belongs to the description that its own shim holds */
    const int parent = openat(S.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), init = S.pidfd;
    int keep[6 + MAX_FDS] = {fd, init, parent, L.null, L.state, L.cgroups}, n = 6;
    container = S.pid;
    static char path[256];
    for (uint32_t i = 0; i < request->fds; i++) keep[n++] = request->fd[i];
    qsort(keep, (size_t)n, sizeof *keep, ascending);
    close_but(keep, n);
    attach_reset();
    setsid();
    prctl(PR_SET_NAME, "gantry-exec");
    snprintf(path, sizeof path, "%s", S.report->order.state);
    L.state_path = path;
    forget_spare();
    struct report *report = new_report();
    if (!report) _exit(1);
    memcpy(report->body, request->body, request->have);
    request->body = report->body;
    run(report, fd, request, parent, init);
}

/* True: it was a REMOVE, done; the spare shim that got it is still spare. */
bool shim_removes(int connection) {
    struct request request = {0};
    struct header header;
    struct pollfd waiting = {connection, POLLIN, 0};
    if (poll(&waiting, 1, 10000) != 1 ||
        recv(connection, &header, sizeof header, MSG_PEEK | MSG_DONTWAIT) != sizeof header || header.type != M_REMOVE)
        return false;
    if (!receive_first(connection, &request)) return false;
    remove_for(connection, &request, L.state, "");
    for (uint32_t i = 0; i < request.fds; i++) close(request.fd[i]);
    free(request.body);
    return true;
}

void shim_main(int connection) {
    struct report *report;
    if (!spare_report(&report)) report = new_report();
    struct request request = {.body = report ? report->body : NULL};
    struct pollfd waiting = {connection, POLLIN, 0};
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "gantry-shim");
    for (int fd = 0; fd < 3; fd++) dup2(L.null, fd);
    if (!report || poll(&waiting, 1, 10000) != 1 || !receive_first(connection, &request)) {
        reply_error(connection, 0, errno ? errno : ETIMEDOUT, "no request");
        _exit(0);
    }
    if (request.header.type != M_CREATE) {
        reply_error(connection, request.header.seq, EPROTO, "the launcher takes CREATE and REMOVE");
        _exit(0);
    }
    run(report, connection, &request, L.state, -1);
}

/* For one plan only, whose kind the caller knows: with --exec a session's, else a container's. */
void shim_called(int connection) {
    struct report *report = new_report();
    struct request request = {.body = report ? report->body : NULL};
    struct pollfd waiting = {connection, POLLIN, 0};
    const enum message expected = called.container ? M_EXEC : M_CREATE;
    int parent;
    const int init = called_init(&parent);
    if (!report || poll(&waiting, 1, 10000) != 1 || !receive_first(connection, &request) ||
        request.header.type != expected) {
        reply_error(connection, request.header.seq, EPROTO, "a called shim takes the one plan that it was called for");
        _exit(1);
    }
    run(report, connection, &request, parent, init);
}
