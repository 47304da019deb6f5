/* Who the process is and what it may do: groups, ids, capabilities, seccomp. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int op_groups(struct child *c, const struct op *op) {
    gid_t groups[MAX_LIST];
    for (uint32_t i = 0; i < op->list[0].count; i++) groups[i] = op->list[0].at[i].n[0];
    if (setgroups(op->list[0].count, groups) < 0) child_fail(c, op, errno, "setgroups of %u", op->list[0].count);
    return 0;
}

int op_uid(struct child *c, const struct op *op) {
    const uid_t uid = (uid_t)op->n[0];
    const gid_t gid = (gid_t)op->n[1];
    if (plan_find(c->plan, OP_TTY) && fchown(0, uid, (gid_t)-1) < 0)
        child_fail(c, op, errno, "chown the terminal to %u", uid);
    if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        child_fail(c, op, errno, "set uid %u gid %u", uid, gid);
    die_with_shim(); /* a change of ids cleared it */
    if (op->n[2] != UINT32_MAX) umask((mode_t)op->n[2] & 0777);
    return 0;
}

static int capset(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}};
    return (int)syscall(SYS_capset, &header, data);
}

/* All five sets, always (row 10). What is asked for and not there is an error. */
int op_caps(struct child *c, const struct op *op) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) child_fail(c, op, errno, "capget");
    const uint64_t have = data[0].permitted | (uint64_t)data[1].permitted << 32;
    if (op->n[1] & ~op->n[2] || op->n[4] & ~(op->n[2] & op->n[3]))
        child_fail(c, op, EINVAL, "effective beyond permitted, or ambient beyond permitted and inheritable");
    if (have && capset(have, have, 0) < 0) child_fail(c, op, errno, "capset");
    for (unsigned cap = 0; cap < 64; cap++) {
        const bool wanted = op->n[0] >> cap & 1;
        int set = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
        if (set < 0 && errno == EINVAL) { /* past the last that this kernel knows */
            if (op->n[0] >> cap) child_fail(c, op, EINVAL, "capability %u is unknown to the kernel", cap);
            break;
        }
        if (set < 0) child_fail(c, op, errno, "read bounding capability %u", cap);
        if (wanted && !set) child_fail(c, op, EPERM, "capability %u is not the launcher's to give", cap);
        if (!wanted && set && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            child_fail(c, op, errno, "drop bounding capability %u", cap);
    }
    if (capset(op->n[1], op->n[2], op->n[3]) < 0)
        child_fail(c, op, errno, "capset effective 0x%lx permitted 0x%lx inheritable 0x%lx", (unsigned long)op->n[1],
            (unsigned long)op->n[2], (unsigned long)op->n[3]);
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        child_fail(c, op, errno, "clear ambient capabilities");
    for (unsigned long cap = 0; cap < 64; cap++)
        if (op->n[4] >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            child_fail(c, op, errno, "raise ambient capability %lu", cap);
    die_with_shim();
    return 0;
}

int op_seccomp(struct child *c, const struct op *op) {
    struct sock_filter *filter = malloc(op->length); /* the plan's bytes are not aligned */
    if (!filter) child_fail(c, op, ENOMEM, "seccomp");
    memcpy(filter, op->bytes, op->length);
    struct sock_fprog program = {(unsigned short)(op->length / sizeof *filter), filter};
    const long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, op->n[0], &program);
    if (listener < 0)
        child_fail(c, op, errno, "seccomp filter of %u instructions", program.len);
    if (op->n[0] & SECCOMP_NEW_LISTENER) hand_over(c, op, (int)listener);
    return 0; /* not freed: free might need a call that the filter forbids */
}
