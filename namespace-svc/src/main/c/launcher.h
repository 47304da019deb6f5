/* What the files of the launcher share. */
#pragma once
#include "plan.h"

#include <sys/types.h>

struct timing {
    uint64_t start, duration; /* ns; start on CLOCK_MONOTONIC */
    int32_t error;
    uint32_t done;
};

/* One anonymous shared mapping for each child, at the same address in both. The shim puts the plan there, so that a child
 * cloned ahead of it can carry it out; the child reports there without a system call, whatever its seccomp filter forbids.
 * Only the pages that are used exist. */
struct report {
    struct failure failure; /* error 0: none */
    struct plan plan;
    struct {
        uint32_t made; /* CLONE_NEW* that clone made; the rest of the plan's is unshared */
        int cgroups, fds, trees;
        bool init, entered; /* the pidfd of a session is sent; the shim entered the planned namespaces already */
        char state[256]; /* STATE/ID */
        int child; /* who a process in between cloned */
        int root; /* the descriptor of a root that a helper made */
        int listener; /* the child's descriptor of its filter */
        uint32_t hook; /* the operation that the child asks the shim for */
    } order;
    struct timing at[MAX_OPS];
    uint8_t body[MAX_BODY + 1];
    uint8_t arena[ARENA] __attribute__((aligned(16)));
};

struct launcher {
    uid_t uid;
    gid_t gid;
    int state; /* directory of all containers */
    int null; /* checked character device 1:3 */
    int cgroups; /* /sys/fs/cgroup */
    const char *state_path;
    bool apart; /* the child's parent is whoever called, who outlives this shim or not: it must not die with it */
    int preserved; /* so many descriptors from 3 on are the command's */
};

/* What the child works with. */
struct child {
    const struct plan *plan;
    struct report *report;
    int sync; /* SEQPACKET to the shim */
    int fds[MAX_FDS]; /* of the request */
    int tree[MAX_TREES]; /* mounts that the shim took */
    int cgroup[32]; /* cgroup.procs to write "0" to */
    int init; /* pidfd of the container's init, for a session */
    int root, proc; /* descriptor of the root file system; a fresh proc */
    int masks[2], used[2]; /* mounts over masked directories and files, and whether they are taken */
};

extern struct launcher L;

bool is_own_mounts(int fd);
_Noreturn void child_main(struct report *report, int sync);
_Noreturn void child_fail(struct child *c, const struct op *op, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void shim_prepare(uint32_t namespaces); /* clones an init ahead of need */
bool shim_removes(int connection);
_Noreturn void shim_main(int connection);
_Noreturn void shim_called(int connection);

/* called.c: a shim for one plan, started by who wants to be, or to find, the parent of its child */
struct called {
    const char *pid; /* of the caller; NULL: this is the launcher */
    const char *container; /* id: a further process of it */
    const char *console; /* socket that gets the terminal */
    const char *preserve;
    bool relay; /* stdio by the attach socket, as for the launcher's shims; else the caller's */
};
extern struct called called;
void called_prepare(void); /* before anything is opened */
_Noreturn void called_main(const char *path);
int called_init(int *parent);
void called_console(int master);
void called_stdio(int stdio[3]);
void called_leave_stdio(void);
void die_with_shim(void);
int listen_on(const char *path);
bool trusted(int connection);
unsigned identity(const char *text);
_Noreturn void die(const char *what);

/* schedule.c */
int op_scheduler(struct child *c, const struct op *op);
int op_io_priority(struct child *c, const struct op *op);
int op_personality(struct child *c, const struct op *op);
int op_memory_policy(struct child *c, const struct op *op);
int set_affinity(const struct op *op); /* of the calling process; 0 or -1 */
int op_affinity(struct child *c, const struct op *op);

/* ops.c, identity.c, exec.c */
int op_groups(struct child *c, const struct op *op);
int op_uid(struct child *c, const struct op *op);
int op_caps(struct child *c, const struct op *op);
int op_seccomp(struct child *c, const struct op *op);
void hand_over(struct child *c, const struct op *op, int listener);
int ask_tree(struct child *c, const struct op *op);
bool send_tree(int sync, int tree); /* the shim's answer to that; -1: there is none */
int op_env(struct child *c, const struct op *op);
void find_command(struct child *c);
_Noreturn void op_exec(struct child *c, const struct op *op);

/* mount.c, rootfs.c, nodes.c: carry out one operation; failures end the child, an errno says that it was skipped */
int op_propagation(struct child *c, const struct op *op);
int op_rootfs(struct child *c, const struct op *op);
int op_mount(struct child *c, const struct op *op);
int op_mkdir(struct child *c, const struct op *op);
int op_mknod(struct child *c, const struct op *op);
int op_symlink(struct child *c, const struct op *op);
int op_mask(struct child *c, const struct op *op);
int op_readonly(struct child *c, const struct op *op);
int op_pivot(struct child *c, const struct op *op);
int op_readonly_root(struct child *c, const struct op *op);
void make_directory(
    struct child *c, const struct op *op, const char *path, mode_t mode, uid_t uid, gid_t gid, bool exclusive);
int op_console(struct child *c, const struct op *op, int tty);
int fresh_proc(struct child *c, const struct op *op);
int open_at(int base, const char *path, uint64_t flags, uint64_t resolve);

/* hook.c */
bool hook_run(const struct op *state, const struct op *op, const char *status, pid_t pid, struct failure *why);
bool hooks_keep(const struct plan *plan, int dir); /* those of poststop, for who removes STATE/ID */
struct plan *hooks_left(int dir);
void hooks_poststop(const struct plan *plan);

/* log.c */
struct log;
struct log *log_open(const char *path, uint64_t most, uint32_t files, gid_t gid);
void log_write(struct log *log, int stream, const char *data, size_t length);
void log_flush(struct log *log);
struct log_state {
    uint64_t bytes, errors;
    int32_t error;
};
struct log_state log_state(const struct log *log);

/* attach.c: clients of the attach socket */
enum { MAX_CLIENTS = 64 };
enum frame { HELLO, STDIN, STDIN_EOF, RESIZE, DETACH, STDOUT = 16, STDERR, EXIT, FAULT, READY };
struct pollfd;
void attach_reset(void);
void attach_resume(void);
void attach_accept(int listening);
int attach_poll(struct pollfd *fds, bool input); /* fills in, returns the number */
void attach_events(const struct pollfd *fds, int count);
void attach_output(enum frame type, const char *data, size_t length);
bool attach_blocked(void);
void attach_exit(int code);
bool attach_flushing(bool patient); /* EXIT frames are still on their way */
uint32_t attach_clients(void);
uint64_t attach_dropped(void);

/* shim.c, for attach.c */
bool shim_input(const char *data, size_t length);
void shim_input_end(void);
int shim_resize(uint16_t rows, uint16_t cols);
void shim_attached(void);
void shim_left(void);

/* wire.c */
struct header {
    uint32_t magic;
    uint16_t type, version;
    uint32_t seq, length;
};
enum { MAGIC = 0x31544e47, PACKET = 1 << 16 };
enum message {
    M_CREATE = 1,
    M_START,
    M_SIGNAL,
    M_RESIZE,
    M_STATE,
    M_EXEC,
    M_CLOSE_STDIN,
    M_WATCH,
    M_REMOVE,
    M_DELETE,
    M_CREATED = 0x81,
    M_FAILED,
    M_TIMINGS,
    M_OK,
    M_STATUS,
    M_EXITED,
    M_STARTED
};
struct request {
    struct header header;
    uint8_t *body;
    size_t have;
    uint32_t fds;
    int fd[MAX_FDS];
};
struct buffer {
    uint8_t *at;
    size_t used, room;
};
bool receive_rest(int connection, struct request *request); /* blocks, 10 s at most */
bool receive_first(int connection, struct request *request);
void put(struct buffer *b, uint64_t value, unsigned size);
void put_string(struct buffer *b, const char *text);
bool send_message(int connection, uint16_t type, uint32_t seq, const struct buffer *body);
bool send_failure(int connection, uint32_t seq, const struct failure *failure);
uint64_t now(int clock);
