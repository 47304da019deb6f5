/* When and where the process runs. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

int op_scheduler(struct child *c, const struct op *op) {
    struct { /* of sched_setattr(2), as far as its first version goes; the C library has none */
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attr = {sizeof attr, (uint32_t)op->n[0], op->n[3], (int32_t)op->n[1], (uint32_t)op->n[2], op->n[4], op->n[5],
        op->n[6]};
    if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
        child_fail(c, op, errno, "sched_setattr policy %u nice %d priority %u", attr.policy, attr.nice, attr.priority);
    return 0;
}

int op_io_priority(struct child *c, const struct op *op) {
    enum { WHO_PROCESS = 1, CLASS_SHIFT = 13 };
    if (syscall(SYS_ioprio_set, WHO_PROCESS, 0, op->n[0] << CLASS_SHIFT | op->n[1]) < 0)
        child_fail(c, op, errno, "ioprio_set class %lu priority %lu", (unsigned long)op->n[0], (unsigned long)op->n[1]);
    return 0;
}

int set_affinity(const struct op *op) {
    uint8_t set[MAX_CPUS / 8] __attribute__((aligned(8))) = {0};
    for (uint32_t i = 0; i < op->list[0].count; i++) {
        const uint32_t cpu = op->list[0].at[i].n[0];
        set[cpu / 8] |= (uint8_t)(1 << cpu % 8); /* little-endian: a byte array is the kernel's array of longs */
    }
    return syscall(SYS_sched_setaffinity, 0, sizeof set, set) < 0 ? -1 : 0;
}

int op_affinity(struct child *c, const struct op *op) {
    if (!op->n[0]) return -1; /* before the cgroups: the shim's, which the child inherits */
    if (set_affinity(op) < 0) child_fail(c, op, errno, "sched_setaffinity of %u processors", op->list[0].count);
    return 0;
}

int op_personality(struct child *c, const struct op *op) {
    if (personality((unsigned long)op->n[0]) < 0)
        child_fail(c, op, errno, "personality 0x%lx", (unsigned long)op->n[0]);
    return 0;
}

int op_memory_policy(struct child *c, const struct op *op) {
    unsigned long nodes[MAX_NODES / 64] = {0};
    for (uint32_t i = 0; i < op->list[0].count; i++) nodes[op->list[0].at[i].n[0] / 64] |= 1ul << op->list[0].at[i].n[0] % 64;
    const bool any = op->list[0].count; /* the kernel takes a count that is one more than it looks at */
    if (syscall(SYS_set_mempolicy, (int)op->n[0], any ? nodes : NULL, any ? MAX_NODES + 1ul : 0ul) < 0)
        child_fail(c, op, errno, "set_mempolicy 0x%lx, first of %u nodes %u", (unsigned long)op->n[0], op->list[0].count,
            any ? op->list[0].at[0].n[0] : 0);
    return 0;
}
