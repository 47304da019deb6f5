/* The launch plan: what protocol.md section 3 says, decoded. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_BODY = 1 << 20, MAX_STRING = 1 << 16, MAX_LIST = 4096, MAX_OPS = 1024, MAX_FDS = 32, MAX_ID = 128, MAX_CPUS = 4096, MAX_NODES = 1024, MAX_TREES = 32 };
enum { MAX_GIVEN = 4 + 32 + MAX_FDS + MAX_TREES }; /* descriptors for the child: stdio, init, cgroups, the others */

enum opcode {
    OP_ID = 1,
    OP_LOG,
    OP_STDIO,
    OP_STATE,
    OP_LISTENER,
    OP_NAMESPACES = 10,
    OP_SETNS,
    OP_CGROUP,
    OP_CGROUP_WRITE,
    OP_USERMAP,
    OP_TIME_OFFSETS,
    OP_PROPAGATION = 20,
    OP_ROOTFS,
    OP_MOUNT,
    OP_MKDIR,
    OP_MKNOD,
    OP_SYMLINK,
    OP_MASK,
    OP_READONLY,
    OP_PIVOT,
    OP_READONLY_ROOT,
    OP_HOSTNAME,
    OP_DOMAINNAME,
    OP_SYSCTL,
    OP_RLIMIT,
    OP_OOM_SCORE,
    OP_LOOPBACK_UP,
    OP_KEYRING,
    OP_TTY,
    OP_LABEL,
    OP_HOOK,
    OP_ENV = 40,
    OP_CWD,
    OP_GROUPS,
    OP_UID,
    OP_CAPS,
    OP_NO_NEW_PRIVS,
    OP_SECCOMP,
    OP_INIT,
    OP_WAIT_START,
    OP_EXEC = 50,
    OP_SCHEDULER,
    OP_IO_PRIORITY,
    OP_CPU_AFFINITY,
    OP_PERSONALITY,
    OP_MEMORY_POLICY,
    OP_END
};

enum { SECCOMP_NEW_LISTENER = 8 };
enum { STDIO_STDIN = 1, STDIO_WAIT_ATTACH = 2, STDIO_ONCE = 4 };
enum { SETNS_FD = 1, SETNS_FROM_INIT = 2 };
enum { PROPAGATION_RECURSIVE = 1 };
enum { ROOTFS_OVERLAY = 1, ROOTFS_RECURSIVE = 2, ROOTFS_SLAVE = 4, ROOTFS_IDMAP = 8 };
enum {
    MOUNT_RECURSIVE = 1,
    MOUNT_PROPAGATION_RECURSIVE = 2,
    MOUNT_BY_SHIM = 4,
    MOUNT_OPTIONAL = 8,
    MOUNT_NOFOLLOW = 16,
    MOUNT_COPY_UP = 32,
    MOUNT_IDMAP_RECURSIVE = 64
};
enum {
    HOOK_PRESTART,
    HOOK_CREATE_RUNTIME,
    HOOK_CREATE_CONTAINER,
    HOOK_START_CONTAINER,
    HOOK_POSTSTART,
    HOOK_POSTSTOP,
    HOOK_END
};
enum { MKDIR_EXCL = 1, MKNOD_BIND = 1, READONLY_ALONE = 1, TTY_CONSOLE = 1, CWD_CREATE = 1, EXEC_PATH = 1 };

struct item { /* one element of any list: string [+ value], or up to three numbers */
    const char *s, *v;
    uint32_t n[3];
};

struct list {
    uint32_t count;
    struct item *at;
};

/* Fields in the order of the payload, each kind counted for itself: MOUNT's destination is s[3], its attr set n[0]. */
struct op {
    uint16_t code, flags;
    const char *s[4];
    uint64_t n[7];
    struct list list[3];
    const void *bytes;
    uint32_t length;
};

struct failure {
    int32_t op; /* position in the plan, -1: none */
    uint16_t code;
    int32_t error;
    char message[240];
};

struct plan {
    uint32_t count;
    struct op *ops;
    uint32_t namespaces; /* CLONE_NEW* to make */
    uint32_t joined; /* CLONE_NEW* to enter */
    const char *id;
    bool session; /* an exec session in a running container */
};

struct arena { /* zeroed memory, taken from the front */
    uint8_t *at;
    size_t left;
};
enum { ARENA = 9 << 20 }; /* more than the greatest plan takes: 32 bytes for each 4 of a list, and the operations */

/* Decodes and checks a whole plan. Strings point into `body`, which is changed (NULs are put in); the rest is taken from
 * `arena`. False: *why is set. */
bool plan_parse(struct plan *plan, struct arena *arena, uint8_t *body, size_t length, uint32_t descriptors,
    bool session, struct failure *why);
const struct op *plan_find(const struct plan *plan, enum opcode code);
const char *plan_hook_name(uint32_t kind);
bool plan_id_valid(const char *id, size_t most);
