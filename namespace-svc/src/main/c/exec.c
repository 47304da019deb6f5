/* The last step: the command, with the built-in init before it if the plan says so. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const *environment = (const char *const[]){NULL};

static const char **pointers(const struct list *list) {
    const char **all = calloc(list->count + 1, sizeof *all);
    for (uint32_t i = 0; all && i < list->count; i++) all[i] = list->at[i].s;
    return all;
}

static const char *path_variable(void) {
    for (const char *const *e = environment; *e; e++)
        if (!strncmp(*e, "PATH=", 5)) return *e + 5;
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

static bool runnable(const char *path, int *error) {
    struct stat st;
    if (stat(path, &st) < 0 || access(path, X_OK) < 0) {
        if (errno != ENOENT && errno != ENOTDIR) *error = errno;
        return false;
    }
    if (S_ISREG(st.st_mode)) return true;
    *error = EACCES;
    return false;
}

/* A called shim's creator learns at create that the command is not there, as callers of runc expect; whether this user
 * may run it, execve says. */
void find_command(struct child *c) {
    const struct op *op = plan_find(c->plan, OP_EXEC);
    const char *name = op->list[0].at[0].s;
    int error = ENOENT;
    if (strchr(name, '/') || !(op->flags & EXEC_PATH)) {
        if (!runnable(name, &error)) child_fail(c, op, error, "exec %.200s", name);
        return;
    }
    for (const char *dir = path_variable(), *end; dir; dir = *end ? end + 1 : NULL) {
        char full[4096];
        end = dir + strcspn(dir, ":");
        if (snprintf(full, sizeof full, "%.*s/%s", (int)(end - dir), end == dir ? "." : dir, name) < (int)sizeof full &&
            runnable(full, &error))
            return;
    }
    child_fail(c, op, error, "exec %.150s: %s", name, error == ENOENT ? "not found in PATH" : "cannot be run");
}

_Noreturn static void execute(struct child *c, const struct op *op) {
    const char **argv = pointers(&op->list[0]);
    char *const *arguments = (char *const *)argv, *const *variables = (char *const *)environment;
    int error = ENOENT;
    if (!argv) child_fail(c, op, ENOMEM, "exec");
    if (strchr(argv[0], '/') || !(op->flags & EXEC_PATH)) {
        execve(argv[0], arguments, variables);
        child_fail(c, op, errno, "exec %.200s", argv[0]);
    }
    for (const char *dir = path_variable(), *end; dir; dir = *end ? end + 1 : NULL) {
        char full[4096];
        end = dir + strcspn(dir, ":");
        if (snprintf(full, sizeof full, "%.*s/%s", (int)(end - dir), end == dir ? "." : dir, argv[0]) >=
            (int)sizeof full)
            continue;
        execve(full, arguments, variables);
        if (errno != ENOENT && errno != ENOTDIR) error = errno;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
    }
    child_fail(c, op, error, "exec %.150s: %s", argv[0], error == ENOENT ? "not found in PATH" : "cannot be run");
}

/* The built-in init (--init): process 1 stays here, forwards signals to the command and reaps whatever is orphaned. */
static void become_init(struct child *c, const struct op *op) {
    sigset_t all, old;
    siginfo_t info;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    pid_t command = fork();
    if (command < 0) child_fail(c, op, errno, "fork the command");
    if (command == 0) {
        setsid();
        if (plan_find(c->plan, OP_TTY) && ioctl(0, TIOCSCTTY, 0) < 0)
            child_fail(c, op, errno, "take the controlling terminal");
        sigprocmask(SIG_SETMASK, &old, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return;
    }
    prctl(PR_SET_NAME, "gantry-init");
    close_range(0, ~0u, 0); /* the command alone holds the pipes: their end is its end */
    for (;;) {
        int signal = sigwaitinfo(&all, &info);
        if (signal > 0 && signal != SIGCHLD) kill(command, signal);
        int status;
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
            if (pid == command) _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
}

int op_env(struct child *c, const struct op *op) {
    environment = pointers(&op->list[0]);
    if (!environment) child_fail(c, op, ENOMEM, "env");
    return 0;
}

_Noreturn void op_exec(struct child *c, const struct op *op) {
    if (plan_find(c->plan, OP_INIT)) become_init(c, op);
    execute(c, op);
}
