/* Decoder and checks. It takes only as much memory as the counts, checked against the bytes that are there, allow. */
#define _GNU_SOURCE
#include "plan.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct reader {
    uint8_t *at, *end;
    struct arena *arena;
};

/* s string, u u32, h u16, q u64, b bytes; lists: L of string, K of string+string, G of u32, M of u32×3, C of u32+string */
static const struct shape {
    const char *name, *fields;
    uint16_t flags;
    bool many;
} SHAPES[OP_END] = {
    [OP_ID] = {"ID", "s", 0, false},
    [OP_LOG] = {"LOG", "squu", 0, false},
    [OP_STDIO] = {"STDIO", "", 7, false},
    [OP_STATE] = {"STATE", "sss", 0, false},
    [OP_LISTENER] = {"LISTENER", "ss", 0, false},
    [OP_NAMESPACES] = {"NAMESPACES", "u", 0, false},
    [OP_SETNS] = {"SETNS", "u?", 3, true},
    [OP_CGROUP] = {"CGROUP", "C", 0, false},
    [OP_CGROUP_WRITE] = {"CGROUP_WRITE", "ss", 0, true},
    [OP_USERMAP] = {"USERMAP", "MM", 0, false},
    [OP_TIME_OFFSETS] = {"TIME_OFFSETS", "ququ", 0, false},
    [OP_PROPAGATION] = {"PROPAGATION", "u", 1, true},
    [OP_ROOTFS] = {"ROOTFS", "LssKq", 15, false},
    [OP_MOUNT] = {"MOUNT", "ssssqqqquKMM", 127, true},
    [OP_MKDIR] = {"MKDIR", "suuu", 1, true},
    [OP_MKNOD] = {"MKNOD", "suuuuu", 1, true},
    [OP_SYMLINK] = {"SYMLINK", "ss", 0, true},
    [OP_MASK] = {"MASK", "s", 0, true},
    [OP_READONLY] = {"READONLY", "s", 1, true},
    [OP_PIVOT] = {"PIVOT", "", 0, false},
    [OP_READONLY_ROOT] = {"READONLY_ROOT", "", 0, false},
    [OP_HOSTNAME] = {"HOSTNAME", "s", 0, false},
    [OP_DOMAINNAME] = {"DOMAINNAME", "s", 0, false},
    [OP_SYSCTL] = {"SYSCTL", "ss", 0, true},
    [OP_RLIMIT] = {"RLIMIT", "uqq", 0, true},
    [OP_OOM_SCORE] = {"OOM_SCORE", "u", 0, false},
    [OP_LOOPBACK_UP] = {"LOOPBACK_UP", "", 0, false},
    [OP_KEYRING] = {"KEYRING", "s", 0, false},
    [OP_TTY] = {"TTY", "hh", 1, false},
    [OP_LABEL] = {"LABEL", "ss", 0, true},
    [OP_HOOK] = {"HOOK", "usuLL", 0, true},
    [OP_ENV] = {"ENV", "L", 0, false},
    [OP_CWD] = {"CWD", "s", 1, false},
    [OP_GROUPS] = {"GROUPS", "G", 0, false},
    [OP_UID] = {"UID", "uuu", 0, false},
    [OP_CAPS] = {"CAPS", "qqqqq", 0, false},
    [OP_NO_NEW_PRIVS] = {"NO_NEW_PRIVS", "", 0, false},
    [OP_SECCOMP] = {"SECCOMP", "ub", 0, true},
    [OP_INIT] = {"INIT", "", 0, false},
    [OP_WAIT_START] = {"WAIT_START", "", 0, false},
    [OP_EXEC] = {"EXEC", "L", 1, false},
    [OP_SCHEDULER] = {"SCHEDULER", "uuuqqqq", 0, false},
    [OP_IO_PRIORITY] = {"IO_PRIORITY", "uu", 0, false},
    [OP_CPU_AFFINITY] = {"CPU_AFFINITY", "uG", 0, true},
    [OP_PERSONALITY] = {"PERSONALITY", "u", 0, false},
    [OP_MEMORY_POLICY] = {"MEMORY_POLICY", "uG", 0, false},
};

static const uint32_t KINDS =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWCGROUP |
    CLONE_NEWTIME;

static void *take(struct arena *arena, size_t count, size_t size) {
    const size_t bytes = (count * size + 15) & ~(size_t)15; /* both are bounded by the limits of plan.h */
    if (bytes > arena->left) return NULL;
    void *taken = arena->at;
    arena->at += bytes;
    arena->left -= bytes;
    return taken;
}

static bool number(struct reader *r, unsigned size, uint64_t *value) {
    if ((size_t)(r->end - r->at) < size) return false;
    *value = 0;
    memcpy(value, r->at, size); /* little-endian on both supported architectures */
    r->at += size;
    return true;
}

static bool number32(struct reader *r, uint32_t *value) {
    uint64_t wide;
    if (!number(r, 4, &wide)) return false;
    *value = (uint32_t)wide;
    return true;
}

static bool bytes(struct reader *r, const uint8_t **start, uint32_t *length) {
    if (!number32(r, length) || *length > (size_t)(r->end - r->at)) return false;
    *start = r->at;
    r->at += *length;
    return true;
}

/* Moves the text one byte down, over its own length field, which makes room for a NUL without a copy elsewhere. */
static bool string(struct reader *r, const char **text) {
    const uint8_t *start;
    uint32_t length;
    if (!bytes(r, &start, &length) || length > MAX_STRING || memchr(start, 0, length)) return false;
    char *to = (char *)r->at - length - 1;
    memmove(to, start, length);
    to[length] = 0;
    *text = to;
    return true;
}

static bool item(struct reader *r, char kind, struct item *it) {
    switch (kind) {
    case 'L': return string(r, &it->s);
    case 'K': return string(r, &it->s) && string(r, &it->v);
    case 'G': return number32(r, &it->n[0]);
    case 'M': return number32(r, &it->n[0]) && number32(r, &it->n[1]) && number32(r, &it->n[2]);
    case 'C': return number32(r, &it->n[0]) && string(r, &it->s);
    }
    return false;
}

static bool items(struct reader *r, char kind, struct list *list) {
    if (!number32(r, &list->count) || list->count > MAX_LIST || list->count * 4ul > (size_t)(r->end - r->at))
        return false;
    list->at = take(r->arena, list->count, sizeof *list->at);
    if (!list->at) return false;
    for (uint32_t i = 0; i < list->count; i++)
        if (!item(r, kind, &list->at[i])) return false;
    return true;
}

static bool payload(struct reader r, struct op *op) {
    int s = 0, n = 0, l = 0;
    for (const char *f = SHAPES[op->code].fields; *f; f++) {
        bool ok = false;
        char kind = *f;
        if (kind == '?') { /* SETNS: what names the namespace depends on its flags */
            if (op->flags & SETNS_FROM_INIT) continue;
            kind = op->flags & SETNS_FD ? 'u' : 's';
        }
        switch (kind) {
        case 's': ok = string(&r, &op->s[s++]); break;
        case 'h': ok = number(&r, 2, &op->n[n++]); break;
        case 'u': ok = number(&r, 4, &op->n[n++]); break;
        case 'q': ok = number(&r, 8, &op->n[n++]); break;
        case 'b': ok = bytes(&r, (const uint8_t **)&op->bytes, &op->length); break;
        default: ok = items(&r, kind, &op->list[l++]); break;
        }
        if (!ok) return false;
    }
    return r.at == r.end;
}

__attribute__((format(printf, 5, 6))) static bool refuse(
    struct failure *why, int at, const struct op *op, int error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int used = op && op->code < OP_END && SHAPES[op->code].name
                   ? snprintf(why->message, sizeof why->message, "plan %s: ", SHAPES[op->code].name)
                   : snprintf(why->message, sizeof why->message, "plan: ");
    vsnprintf(why->message + used, sizeof why->message - (size_t)used, format, args);
    va_end(args);
    why->op = at;
    why->code = op ? op->code : 0;
    why->error = error;
    return false;
}

const char *plan_hook_name(uint32_t kind) {
    static const char *const NAMES[] = {
        "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};
    return kind < HOOK_END ? NAMES[kind] : "?";
}

bool plan_id_valid(const char *id, size_t most) {
    size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    return length > 0 && length <= most && !id[length] && !strchr("_.-", id[0]);
}

const struct op *plan_find(const struct plan *plan, enum opcode code) {
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->ops[i].code == code) return &plan->ops[i];
    return NULL;
}

static bool dotdot(const char *path) {
    for (const char *p = path; (p = strstr(p, "..")); p += 2)
        if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/')) return true;
    return false;
}

static bool one_of(const char *text, const char *const *words) {
    for (; *words; words++)
        if (!strcmp(text, *words)) return true;
    return false;
}

/* security.md row 9: only namespaced keys, only of a namespace that is not the host's */
static bool sysctl_allowed(const char *key, uint32_t own) {
    static const char *const IPC[] = {"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall",
        "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced", NULL};
    if (dotdot(key) || strstr(key, "//") ||
        strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/:") != strlen(key))
        return false;
    if (!strncmp(key, "net/", 4)) return own & CLONE_NEWNET;
    if (!strncmp(key, "fs/mqueue/", 10) || one_of(key, IPC)) return own & CLONE_NEWIPC;
    return !strcmp(key, "kernel/domainname") && (own & CLONE_NEWUTS);
}

static const char *cgroup_name(const char *path) {
    static const char BASE[] = "/sys/fs/cgroup/";
    return !strncmp(path, BASE, sizeof BASE - 1) && path[sizeof BASE - 1] && !dotdot(path) ? path + sizeof BASE - 1
                                                                                           : NULL;
}

/* The values of one operation, apart from its place. */
static bool values(struct plan *plan, int at, const struct op *op, uint32_t descriptors, struct failure *why) {
    static const char *const TYPES[] = {
        "bind", "tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2", "overlay", "ramfs", "hugetlbfs",
        "securityfs", "debugfs", "tracefs", "bpf", "ext4", "xfs", "btrfs", "squashfs", "erofs", "iso9660", "vfat", NULL};
    static const char *const DEVICES[] = {"devices.allow", "devices.deny", NULL};
    const uint32_t own = plan->namespaces | plan->joined;
    const char *name;
    switch (op->code) {
    case OP_ID:
        if (!plan_id_valid(op->s[0], plan->session ? 32 : MAX_ID))
            return refuse(why, at, op, EINVAL, "not a container id");
        plan->id = op->s[0];
        return true;
    case OP_LOG:
        return (op->s[0][0] == '/' && op->n[1] >= 1 && op->n[1] <= 1000) ||
               refuse(why, at, op, EINVAL, "path must be absolute, files 1 to 1000");
    case OP_STATE:
        return (!*op->s[2] || op->s[2][0] == '/') || refuse(why, at, op, EINVAL, "bundle %s is not absolute", op->s[2]);
    case OP_LISTENER:
        return (op->s[0][0] == '/' && strlen(op->s[0]) < 108) || refuse(why, at, op, EINVAL, "path %s", op->s[0]);
    case OP_HOOK:
        if (op->n[0] >= HOOK_END || op->n[1] < 1 || op->n[1] > 86400)
            return refuse(why, at, op, EINVAL, "kind %lu, %lu s", (unsigned long)op->n[0], (unsigned long)op->n[1]);
        return op->s[0][0] == '/' || refuse(why, at, op, EINVAL, "path %s is not absolute", op->s[0]);
    case OP_NAMESPACES:
        plan->namespaces = (uint32_t)op->n[0];
        return !(op->n[0] & ~(uint64_t)KINDS) ||
               refuse(why, at, op, EINVAL, "unknown clone flags 0x%lx", (unsigned long)op->n[0]);
    case OP_SETNS:
        if (!op->n[0] || op->n[0] & ~(uint64_t)KINDS || (!(op->flags & SETNS_FROM_INIT) && (op->n[0] & (op->n[0] - 1))))
            return refuse(why, at, op, EINVAL, "kinds 0x%lx", (unsigned long)op->n[0]);
        if (op->n[0] & (plan->namespaces | plan->joined)) return refuse(why, at, op, EINVAL, "a namespace given twice");
        if (op->flags == 3 || (op->flags & SETNS_FROM_INIT && !plan->session))
            return refuse(why, at, op, EINVAL, "flags");
        if (!(op->flags & SETNS_FROM_INIT) && (plan->joined | op->n[0]) & CLONE_NEWNS && (own | op->n[0]) & CLONE_NEWUSER)
            return refuse(why, at, op, EINVAL, "a mount namespace is not joined together with a user namespace");
        if (!(op->flags & SETNS_FROM_INIT) && plan->joined & CLONE_NEWNS)
            return refuse(why, at, op, EINVAL, "the mount namespace is joined last, for paths are the host's until then");
        if (op->flags & SETNS_FD && op->n[1] >= descriptors)
            return refuse(why, at, op, EINVAL, "descriptor %lu of %u", (unsigned long)op->n[1], descriptors);
        plan->joined |= (uint32_t)op->n[0];
        return true;
    case OP_CGROUP:
        for (uint32_t i = 0, two = 0; i < op->list[0].count; i++) {
            const struct item *it = &op->list[0].at[i];
            if (it->n[0] - 1 > 1 || (two += it->n[0] == 2) > 1 || !cgroup_name(it->s))
                return refuse(why, at, op, EINVAL, "%s", it->s);
        }
        return op->list[0].count <= 32 || refuse(why, at, op, EINVAL, "too many hierarchies");
    case OP_CGROUP_WRITE:
        name = strrchr(op->s[0], '/');
        return (cgroup_name(op->s[0]) && name && one_of(name + 1, DEVICES)) ||
               refuse(why, at, op, EPERM, "%s", op->s[0]);
    case OP_USERMAP:
        return (plan->namespaces & CLONE_NEWUSER && op->list[0].count <= 340 && op->list[1].count <= 340) ||
               refuse(why, at, op, EINVAL, "needs CLONE_NEWUSER and at most 340 lines");
    case OP_TIME_OFFSETS:
        return (plan->namespaces & CLONE_NEWTIME && op->n[1] < 1000000000 && op->n[3] < 1000000000) ||
               refuse(why, at, op, EINVAL, "needs CLONE_NEWTIME, and nanoseconds below a second");
    case OP_ROOTFS:
        if (op->flags & ROOTFS_IDMAP && (!(plan->namespaces & CLONE_NEWUSER) || !(op->flags & ROOTFS_OVERLAY)))
            return refuse(why, at, op, EINVAL, "only layers for an own user namespace are id-mapped");
        if (!(op->flags & ROOTFS_OVERLAY))
            return (op->list[0].count == 1 && !*op->s[0] && !*op->s[1] && !op->list[1].count) ||
                   refuse(why, at, op, EINVAL, "a bind has one source and no options");
        return (op->list[0].count >= 1 && op->list[0].count <= 500 && !*op->s[0] == !*op->s[1]) ||
               refuse(why, at, op, EINVAL, "1 to 500 lower directories, upper with work");
    case OP_MOUNT:
        if (!one_of(op->s[0], TYPES)) return refuse(why, at, op, EINVAL, "type %s", op->s[0]);
        if (*op->s[2] && (strcmp(op->s[0], "bind") || dotdot(op->s[2])))
            return refuse(why, at, op, EINVAL, "subpath %s", op->s[2]);
        if (!strcmp(op->s[0], "bind") && op->s[1][0] != '/')
            return refuse(why, at, op, EINVAL, "source %s is not absolute", op->s[1]);
        if (!strcmp(op->s[0], "bind") && op->list[0].count)
            return refuse(why, at, op, EINVAL, "a bind takes no options");
        if (strcmp(op->s[0], "bind") && (op->flags & (MOUNT_BY_SHIM | MOUNT_IDMAP_RECURSIVE) || op->list[1].count))
            return refuse(why, at, op, EINVAL, "only a bind is the shim's to take, or id-mapped");
        if (!op->list[1].count != !op->list[2].count || (op->list[1].count && !(op->flags & MOUNT_BY_SHIM)) ||
            op->list[1].count > 340 || op->list[2].count > 340)
            return refuse(why, at, op, EINVAL, "id maps of uids with those of gids, by the shim, at most 340 lines");
        if (op->flags & MOUNT_COPY_UP && strcmp(op->s[0], "tmpfs"))
            return refuse(why, at, op, EINVAL, "only a tmpfs is copied up into");
        return (op->s[3][0] == '/' && !dotdot(op->s[3])) || refuse(why, at, op, EINVAL, "destination %s", op->s[3]);
    case OP_MKDIR:
    case OP_MKNOD:
    case OP_MASK:
    case OP_READONLY:
        return (op->s[0][0] == '/' && op->s[0][1] && !dotdot(op->s[0])) ||
               refuse(why, at, op, EINVAL, "path %s", op->s[0]);
    case OP_CWD: return op->s[0][0] == '/' || refuse(why, at, op, EINVAL, "path %s", op->s[0]);
    case OP_SYMLINK:
        return (op->s[1][0] == '/' && op->s[1][1] && !dotdot(op->s[1])) ||
               refuse(why, at, op, EINVAL, "path %s", op->s[1]);
    case OP_HOSTNAME:
    case OP_DOMAINNAME:
        return (own & CLONE_NEWUTS && strlen(op->s[0]) <= 64) ||
               refuse(why, at, op, EINVAL, "needs an own uts namespace and at most 64 bytes");
    case OP_SYSCTL:
        if (!sysctl_allowed(op->s[0], own))
            return refuse(
                why, at, op, EPERM, "%s is not namespaced, or its namespace is not the container's", op->s[0]);
        return strlen(op->s[1]) <= 4096 && !strchr(op->s[1], '\n')
                   ? true
                   : refuse(why, at, op, EINVAL, "value of %s", op->s[0]);
    case OP_RLIMIT:
        return (op->n[0] < 16 && op->n[1] <= op->n[2]) ||
               refuse(why, at, op, EINVAL, "resource %lu, soft above hard", (unsigned long)op->n[0]);
    case OP_OOM_SCORE:
        return ((int32_t)op->n[0] >= -1000 && (int32_t)op->n[0] <= 1000) ||
               refuse(why, at, op, EINVAL, "%d", (int32_t)op->n[0]);
    case OP_LOOPBACK_UP:
        return own & CLONE_NEWNET ? true : refuse(why, at, op, EINVAL, "needs an own network namespace");
    case OP_LABEL:
        return !strcmp(op->s[0], "exec") || !strcmp(op->s[0], "apparmor/exec") ||
               refuse(why, at, op, EINVAL, "attribute %s", op->s[0]);
    case OP_ENV:
        for (uint32_t i = 0; i < op->list[0].count; i++)
            if (!strchr(op->list[0].at[i].s, '=') || op->list[0].at[i].s[0] == '=')
                return refuse(why, at, op, EINVAL, "entry %u is not KEY=value", i);
        return true;
    case OP_GROUPS:
        for (uint32_t i = 0; i < op->list[0].count; i++)
            if (op->list[0].at[i].n[0] == UINT32_MAX) return refuse(why, at, op, EINVAL, "4294967295 is no group");
        return true;
    case OP_UID:
        return (op->n[0] != UINT32_MAX && op->n[1] != UINT32_MAX) || refuse(why, at, op, EINVAL, "4294967295 is no id");
    case OP_SECCOMP:
        return (op->length && op->length % 8 == 0 && op->length <= 4096 * 8 && !(op->n[0] & ~46ul)) ||
               refuse(why, at, op, EINVAL, "%u bytes, flags %lu", op->length, (unsigned long)op->n[0]);
    case OP_CPU_AFFINITY:
        for (uint32_t i = 0; i < op->list[0].count; i++)
            if (op->list[0].at[i].n[0] >= MAX_CPUS) return refuse(why, at, op, EINVAL, "processor %u", op->list[0].at[i].n[0]);
        return (op->n[0] < 2 && op->list[0].count) || refuse(why, at, op, EINVAL, "no processor");
    case OP_IO_PRIORITY:
        return (op->n[0] - 1 < 3 && op->n[1] < 8) ||
               refuse(why, at, op, EINVAL, "class %lu", (unsigned long)op->n[0]);
    case OP_PERSONALITY:
        return op->n[0] == 0 || op->n[0] == 8 || refuse(why, at, op, EINVAL, "0x%lx", (unsigned long)op->n[0]);
    case OP_MEMORY_POLICY:
        for (uint32_t i = 0; i < op->list[0].count; i++)
            if (op->list[0].at[i].n[0] >= MAX_NODES) return refuse(why, at, op, EINVAL, "node %u", op->list[0].at[i].n[0]);
        return true;
    case OP_EXEC: return (op->list[0].count && *op->list[0].at[0].s) || refuse(why, at, op, EINVAL, "no command");
    }
    return true;
}

/* The rank of an operation in the plan; within a rank the order is free. */
static int rank(const struct op *op) {
    static const uint8_t HEAD[] = {
        OP_ID, OP_LOG, OP_STDIO, OP_STATE, OP_LISTENER, OP_CGROUP_WRITE, OP_CGROUP, OP_NAMESPACES, OP_TIME_OFFSETS, OP_USERMAP, OP_OOM_SCORE, OP_SETNS};
    const uint16_t code = op->code == OP_CPU_AFFINITY && !op->n[0] ? OP_CGROUP_WRITE : op->code;
    for (int i = 0; i < (int)sizeof HEAD; i++)
        if (HEAD[i] == code) return i;
    return op->code == OP_EXEC ? 101 : op->code == OP_HOOK && op->n[0] >= HOOK_POSTSTART ? 102 : 100;
}

static bool order(const struct plan *plan, int at, const struct op *op, const uint16_t *seen, struct failure *why) {
    const bool rooted = seen[OP_ROOTFS], pivoted = seen[OP_PIVOT] || plan->session;
    const char *must = NULL;
    switch (op->code) {
    case OP_PROPAGATION:
        if (plan->session)
            must = "is not for a session";
        else if (!rooted && (!(op->flags & PROPAGATION_RECURSIVE) || (op->n[0] != MS_PRIVATE && op->n[0] != MS_SLAVE)))
            must = "before ROOTFS must be private or slave, recursively";
        else if (rooted && !pivoted)
            must = "must not stand between ROOTFS and PIVOT";
        else if (op->n[0] != MS_PRIVATE && op->n[0] != MS_SLAVE && op->n[0] != MS_SHARED && op->n[0] != MS_UNBINDABLE)
            must = "is unknown";
        break;
    case OP_ROOTFS: /* security.md row 7: no mount before the tree is cut off from the host's */
        if (plan->session || !((plan->namespaces | plan->joined) & CLONE_NEWNS) || !seen[OP_PROPAGATION])
            must = "needs a mount namespace and PROPAGATION before it";
        break;
    case OP_MOUNT:
    case OP_PIVOT:
        if (!rooted || seen[OP_PIVOT])
            must = "must follow ROOTFS, before PIVOT";
        else if (op->code == OP_MOUNT && seen[OP_HOOK])
            must = "must precede HOOK";
        break;
    case OP_HOOK: /* after CAPS in the container: it may be the image's own program */
        if (!seen[OP_STATE] || plan->session)
            must = "needs STATE, and is not for a session";
        else if (op->n[0] <= HOOK_CREATE_CONTAINER && (!rooted || seen[OP_PIVOT]))
            must = "must follow ROOTFS, before PIVOT";
        else if (op->n[0] == HOOK_START_CONTAINER && (!seen[OP_CAPS] || !seen[OP_WAIT_START]))
            must = "must follow WAIT_START and CAPS";
        else if (op->n[0] >= HOOK_POSTSTART && !seen[OP_EXEC])
            must = "must follow EXEC";
        break;
    case OP_MKDIR:
    case OP_MKNOD:
    case OP_SYMLINK:
    case OP_MASK:
    case OP_READONLY:
    case OP_READONLY_ROOT:
        if (!rooted || seen[OP_CWD]) must = "must follow ROOTFS, before CWD";
        break;
    case OP_TTY:
        if (!pivoted || seen[OP_CWD]) must = "must follow PIVOT, before CWD";
        break;
    case OP_CWD:
    case OP_GROUPS:
    case OP_INIT:
    case OP_NO_NEW_PRIVS:
        if (!pivoted) must = "must follow PIVOT";
        break;
    case OP_UID:
        if (!pivoted || !seen[OP_GROUPS]) must = "must follow PIVOT and GROUPS";
        break;
    case OP_CAPS:
        if (!seen[OP_UID]) must = "must follow UID";
        break;
    case OP_SECCOMP:
        if (!pivoted)
            must = "must follow PIVOT";
        else if (!seen[OP_NO_NEW_PRIVS] && seen[OP_CAPS])
            must = "must precede CAPS, or follow NO_NEW_PRIVS";
        else if (op->n[0] & SECCOMP_NEW_LISTENER && !(seen[OP_STATE] && seen[OP_LISTENER]))
            must = "with a listener needs STATE and LISTENER";
        break;
    case OP_EXEC:
        if (!seen[OP_CAPS])
            must = "must follow CAPS";
        else if (plan->session && !plan->joined)
            must = "needs SETNS in a session";
        break;
    case OP_LOG:
    case OP_NAMESPACES:
    case OP_USERMAP:
    case OP_TIME_OFFSETS:
        if (plan->session && op->code != OP_LOG) must = "is not for a session";
        break;
    }
    return !must || refuse(why, at, op, EINVAL, "%s", must);
}

bool plan_parse(struct plan *plan, struct arena *arena, uint8_t *body, size_t length, uint32_t descriptors,
    bool session, struct failure *why) {
    struct reader r = {body, body + length, arena};
    uint16_t seen[OP_END] = {0};
    int last = 0;
    *plan = (struct plan){.session = session};
    size_t room = length / 8 + 1 < MAX_OPS ? length / 8 + 1 : MAX_OPS;
    plan->ops = take(arena, room, sizeof *plan->ops);
    if (!plan->ops) return refuse(why, -1, NULL, ENOMEM, "out of memory");
    while (r.at < r.end) {
        const int at = (int)plan->count;
        uint64_t code, flags;
        uint32_t size;
        if (plan->count == MAX_OPS) return refuse(why, at, NULL, EPROTO, "more than %d operations", MAX_OPS);
        struct op *op = &plan->ops[plan->count++];
        if (!number(&r, 2, &code) || !number(&r, 2, &flags) || !number32(&r, &size) || size > (size_t)(r.end - r.at))
            return refuse(why, at, NULL, EPROTO, "cut short");
        op->code = (uint16_t)code;
        op->flags = (uint16_t)flags;
        if (code >= OP_END || !SHAPES[code].fields)
            return refuse(why, at, op, EPROTO, "unknown operation %u", op->code);
        if (flags & ~(uint64_t)SHAPES[code].flags) return refuse(why, at, op, EPROTO, "unknown flags 0x%x", op->flags);
        if (!payload((struct reader){r.at, r.at + size, arena}, op))
            return refuse(why, at, op, EPROTO, "malformed payload of %u bytes", size);
        r.at += size;
        if (seen[code] && !SHAPES[code].many) return refuse(why, at, op, EINVAL, "given twice");
        if (seen[OP_EXEC] && code != OP_HOOK) return refuse(why, at, op, EINVAL, "stands after EXEC");
        if ((!seen[OP_ID] && code != OP_ID) || rank(op) < last)
            return refuse(why, at, op, EINVAL, "stands too late, or before ID");
        last = rank(op);
        if (!order(plan, at, op, seen, why) || !values(plan, at, op, descriptors, why)) return false;
        seen[code]++;
    }
    if (!seen[OP_EXEC]) return refuse(why, -1, NULL, EINVAL, "no EXEC");
    if (!session && !seen[OP_PIVOT]) return refuse(why, -1, NULL, EINVAL, "no PIVOT");
    if (!session && !((plan->namespaces | plan->joined) & CLONE_NEWNS))
        return refuse(why, -1, NULL, EINVAL, "no mount namespace");
    if (plan->namespaces & CLONE_NEWUSER && !seen[OP_USERMAP])
        return refuse(why, -1, NULL, EINVAL, "CLONE_NEWUSER without USERMAP");
    return true;
}
