/* The shim's own state and the calls between its files. */
#pragma once
#include "launcher.h"

#include <stddef.h>
#include <sys/types.h>

enum { MAX_CONTROLS = 16 };
enum phase { CREATED, RUNNING, EXITED };

struct shim {
    struct report *report;
    struct plan *plan; /* in the report */
    int stdio[3]; /* the child's ends */
    int cgroup[32], init; /* for the child: cgroup.procs; pidfd of the container's init, for a session */
    int tree[MAX_TREES], trees; /* for the child: mounts that it could not take itself */
    uint64_t base, base_mono;
    struct control {
        int fd;
        bool watches;
    } control[MAX_CONTROLS];
    int controls;
    int creator; /* connection of the CREATE, -1: gone */
    int starter; /* descriptor of who asked for START, -1: nobody waits */
    uint32_t starter_seq, create_seq;
    pid_t pid, hook; /* the process that runs a hook, 0: none */
    const struct op *hook_op;
    bool dead; /* the process is, and that is told when the poststart hooks are over */
    int status;
    bool unknown; /* the status is: another reaped the process, and the kernel does not tell */
    int pidfd, sync, dir, parent, control_socket, attach_socket, signals, recorded;
    char name[160];
    uint64_t start_time, exit_time;
    enum phase phase;
    bool told, wanted, released, failing, tty, once, fed;
    int code, signal;
    int in, out[2]; /* to and from the container */
    char *input; /* what it did not take yet */
    size_t input_at, input_left;
    bool input_ends;
    uint16_t rows, cols;
    struct log *log;
};

extern struct shim S;

/* reply.c */
void close_fd(int *fd);
void reply(int fd, uint16_t type, uint32_t seq, struct buffer *body); /* frees the body */
void reply_error(int fd, uint32_t seq, int error, const char *message);
void send_timings(int fd, uint32_t seq);
void send_state(int fd, uint32_t seq);
void tell_created(bool running);
void tell_exit(int fd);

/* make.c: each ends the shim when it fails, and leaves nothing */
_Noreturn void give_up(const struct failure *failure);
struct report *new_report(void);
void make_directory_of_it(void);
void prepare_stdio(void);
void make_child(struct request *request);
void after_clone(void);
void give_order(struct request *request);
void make_files(void);
void fail_now(int error, int op, const char *format, ...) __attribute__((format(printf, 3, 4), noreturn));
int position(const struct op *op);
unsigned outside(const struct list *map, unsigned id); /* the host's number of an id inside */
void write_map(pid_t pid, const char *which, const struct list *list, const struct op *op);
int write_file(const char *name, const char *text);
bool spare_report(struct report **report); /* true: of the init cloned ahead */
void forget_spare(void);

/* listener.c */
bool pass_listener(pid_t container); /* 0: it is the plan's own process */

/* everyone.c */
int signal_everyone(int signal);

/* enter.c */
bool enters_first(void);
pid_t clone_inside(const struct request *request, uint32_t namespaces, int into, int pair[2]);

/* trees.c */
void prepare_trees(void);
void prepare_sources(void);
bool give_tree(const struct op *op);

/* called.c */
bool apart_status(int *status);
uint64_t start_time_of(pid_t pid); /* make.c */

/* stdio.c */
bool write_input(void);
bool read_output(int i);

/* control.c */
void control_event(int i);
void accept_control(void);
void remove_for(int fd, const struct request *request, int parent, const char *prefix);

/* shim.c */
void end_hook(void);
void release(void);
_Noreturn void session(int fd, struct request *request);
