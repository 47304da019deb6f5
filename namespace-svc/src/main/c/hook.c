/* Hooks of the OCI specification (runtime.md, "Lifecycle"): a program with the container's state on its standard input. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char FILE_NAME[] = "poststop";
enum { MAX_KEPT = 2 << 20 };

static const char **words(const struct list *list, const char *first) {
    const char **all = calloc(list->count + 2ul, sizeof *all);
    if (!all) return NULL;
    for (uint32_t i = 0; i < list->count; i++) all[i] = list->at[i].s;
    if (!list->count && first) all[0] = first;
    return all;
}

static _Noreturn void program(const struct op *state, const struct op *op, int in, int out, int error) {
    const char **arguments = words(&op->list[0], op->s[0]), **variables = words(&op->list[1], NULL);
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid(); /* its own group, to be ended with all it started */
    if (arguments && variables && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2 &&
        fcntl(error, F_DUPFD_CLOEXEC, 3) >= 0 && dup3(error, 3, O_CLOEXEC) == 3) {
        close_range(4, ~0u, 0);
        for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        umask(022);
        if (op->n[0] == HOOK_CREATE_CONTAINER || op->n[0] == HOOK_START_CONTAINER || chdir(*state->s[2] ? state->s[2] : "/") == 0)
            execve(op->s[0], (char *const *)arguments, (char *const *)variables);
    }
    error = errno;
    if (write(3, &error, sizeof error) != sizeof error) _exit(126);
    _exit(127);
}

__attribute__((format(printf, 4, 5))) static bool fail(
    struct failure *why, const struct op *op, int error, const char *format, ...) {
    va_list args;
    int used = snprintf(
        why->message, sizeof why->message, "error running hook: %s hook %.100s ", plan_hook_name((uint32_t)op->n[0]), op->s[0]);
    va_start(args, format);
    vsnprintf(why->message + used, sizeof why->message - (size_t)used, format, args);
    va_end(args);
    why->error = error;
    why->code = OP_HOOK;
    return false;
}

/* What the hook says is read to its end, so that it never blocks; the beginning is kept for the message. */
static void hear(int *out, char *said, size_t *used, size_t room) {
    char text[4096];
    ssize_t n = read(*out, text, sizeof text);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        close(*out);
        *out = -1;
        return;
    }
    for (ssize_t i = 0; i < n && *used < room - 1; i++) said[(*used)++] = text[i];
    said[*used] = 0;
}

static int follow(pid_t pid, int pidfd, uint64_t end, const char *text, int in, int *out, char *said, size_t room) {
    size_t left = strlen(text), used = 0;
    int status = -1;
    for (bool gone = false; !gone;) {
        const uint64_t at = now(CLOCK_MONOTONIC);
        struct pollfd fds[3] = {{pidfd, POLLIN, 0}, {*out, POLLIN, 0}, {left ? in : -1, POLLOUT, 0}};
        int n = at >= end ? 0 : poll(fds, 3, (int)((end - at) / 1000000) + 1);
        if (n < 0 && errno != EINTR) break;
        if (n == 0 && now(CLOCK_MONOTONIC) >= end) break;
        if (n <= 0) continue;
        if (fds[2].revents) {
            ssize_t done = write(in, text, left);
            if (done > 0) text += done, left -= (size_t)done;
            if (done < 0 && errno != EAGAIN && errno != EINTR) left = 0; /* it does not want to know */
            if (!left) close(in), in = -1;
        }
        if (fds[1].revents) hear(out, said, &used, room);
        gone = fds[0].revents;
    }
    if (in >= 0) close(in);
    if (*out >= 0) hear(out, said, &used, room); /* not to its end: what it left running may hold that open */
    if (waitpid(pid, &status, WNOHANG) == pid) return status;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return -1;
}

bool hook_run(const struct op *state, const struct op *op, const char *status, pid_t pid, struct failure *why) {
    int in[2], out[2], error[2], failed = 0;
    char said[160] = "", *text;
    if (asprintf(&text, "%s\"status\":\"%s\",\"pid\":%d%s", state->s[0], status, pid, state->s[1]) < 0 ||
        pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0)
        return fail(why, op, errno, "could not be told the state");
    void (*pipes)(int) = signal(SIGPIPE, SIG_IGN);
    pid_t child = fork();
    if (child == 0) program(state, op, in[0], out[1], error[1]);
    const int fork_error = errno;
    close(in[0]);
    close(out[1]);
    close(error[1]);
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    const int pidfd = child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
    /* without a descriptor of it, it is ended at once */
    const uint64_t end = pidfd < 0 ? 0 : now(CLOCK_MONOTONIC) + op->n[1] * 1000000000u;
    int ended = child < 0 ? -1 : follow(child, pidfd, end, text, in[1], &out[0], said, sizeof said);
    ssize_t told = child > 0 ? read(error[0], &failed, sizeof failed) : 0;
    signal(SIGPIPE, pipes);
    close(error[0]);
    if (out[0] >= 0) close(out[0]);
    if (pidfd >= 0) close(pidfd);
    free(text);
    for (char *c = said; *c; c++)
        if (*c == '\n') *c = c[1] ? ' ' : 0;
    const char *colon = *said ? ": " : "";
    if (child < 0) return fail(why, op, fork_error, "could not be forked");
    if (told == sizeof failed) return fail(why, op, failed, "could not be executed");
    if (ended == -1 && pidfd < 0) return fail(why, op, ENOSYS, "could not be watched");
    if (ended == -1) return fail(why, op, ETIMEDOUT, "did not end within %lu s%s%s", (unsigned long)op->n[1], colon, said);
    if (WIFSIGNALED(ended))
        return fail(why, op, ECANCELED, "was ended by signal %d%s%s%s", WTERMSIG(ended),
            WTERMSIG(ended) == SIGSYS ? " (bad system call)" : "", colon, said);
    if (WEXITSTATUS(ended)) return fail(why, op, ECANCELED, "exited with %d%s%s", WEXITSTATUS(ended), colon, said);
    return true;
}

/* ---- poststop hooks outlive the shim: they are kept in STATE/ID as texts, each ended by a NUL ---- */

static bool write_text(int fd, const char *text) {
    const size_t length = strlen(text) + 1;
    return write(fd, text, length) == (ssize_t)length;
}

static bool write_number(int fd, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%lu", (unsigned long)number);
    return write_text(fd, text);
}

static bool write_hook(int fd, const struct op *op) {
    bool ok = write_text(fd, op->s[0]) && write_number(fd, op->n[1]);
    for (int l = 0; l < 2; l++) {
        ok = ok && write_number(fd, op->list[l].count);
        for (uint32_t i = 0; ok && i < op->list[l].count; i++) ok = write_text(fd, op->list[l].at[i].s);
    }
    return ok;
}

bool hooks_keep(const struct plan *plan, int dir) {
    const struct op *state = plan_find(plan, OP_STATE);
    int fd = -1;
    bool ok = true;
    for (uint32_t i = 0; ok && i < plan->count; i++) {
        const struct op *op = &plan->ops[i];
        if (op->code != OP_HOOK || op->n[0] != HOOK_POSTSTOP) continue;
        if (fd < 0) {
            fd = openat(dir, FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
            ok = fd >= 0 && write_text(fd, state->s[0]) && write_text(fd, state->s[1]) && write_text(fd, state->s[2]);
        }
        ok = ok && write_hook(fd, op);
    }
    if (fd >= 0) close(fd);
    return ok;
}

static const char *next(char **at, const char *end) {
    const char *text = *at;
    char *nul = *at < end ? memchr(*at, 0, (size_t)(end - *at)) : NULL;
    if (!nul) return NULL;
    *at = nul + 1;
    return text;
}

static bool read_hook(char **at, const char *end, struct op *op) {
    const char *text;
    *op = (struct op){.code = OP_HOOK, .n = {HOOK_POSTSTOP}, .s = {next(at, end)}};
    if (!op->s[0] || !(text = next(at, end))) return false;
    op->n[1] = strtoul(text, NULL, 10);
    for (int l = 0; l < 2; l++) {
        if (!(text = next(at, end))) return false;
        op->list[l].count = (uint32_t)strtoul(text, NULL, 10);
        op->list[l].at = op->list[l].count <= MAX_LIST ? calloc(op->list[l].count + 1ul, sizeof(struct item)) : NULL;
        for (uint32_t i = 0; op->list[l].at && i < op->list[l].count; i++)
            if (!(op->list[l].at[i].s = next(at, end))) return false;
        if (!op->list[l].at) return false;
    }
    return true;
}

/* What hooks_keep() wrote, taken before the directory goes; NULL: nothing. Whoever has it ends soon, so nothing is freed. */
struct plan *hooks_left(int dir) {
    struct stat st;
    int fd = openat(dir, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return NULL;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid || st.st_size > MAX_KEPT) return close(fd), NULL;
    char *text = malloc((size_t)st.st_size + 1), *at = text;
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan) plan->ops = calloc(MAX_OPS, sizeof *plan->ops);
    const bool got = text && plan && plan->ops && read(fd, text, (size_t)st.st_size) == st.st_size;
    close(fd);
    if (!got) return NULL;
    const char *end = text + st.st_size;
    plan->ops[0].code = OP_STATE;
    for (int i = 0; i < 3; i++) plan->ops[0].s[i] = next(&at, end);
    if (!plan->ops[0].s[2]) return NULL;
    for (plan->count = 1; plan->count < MAX_OPS && at < end && read_hook(&at, end, &plan->ops[plan->count]);)
        plan->count++;
    return plan;
}

/* All poststop hooks, whatever becomes of each: a failure is a warning, as the specification says. */
void hooks_poststop(const struct plan *plan) {
    const struct op *state = plan_find(plan, OP_STATE);
    for (uint32_t i = 0; i < plan->count; i++) {
        struct failure why = {0};
        const struct op *op = &plan->ops[i];
        if (op->code == OP_HOOK && op->n[0] == HOOK_POSTSTOP && !hook_run(state, op, "stopped", 0, &why))
            fprintf(stderr, "gantry-launcher: warning: %s: %s\n", why.message, strerror(why.error));
    }
}
