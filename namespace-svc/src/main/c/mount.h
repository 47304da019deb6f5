/* What mount.c, rootfs.c and nodes.c share. */
#pragma once
#include "launcher.h"

#include <linux/openat2.h>

static const uint64_t INSIDE = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

int attributes(int mount, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive);
int bind_source(const struct op *op); /* its path, as a descriptor; -1: errno says why */
int bind_tree(const struct op *op, int source); /* a clone of the source, opened before or -1; -1: errno says why */
bool dress(const struct op *op, int tree, bool propagate);
void copy_up(struct child *c, const struct op *op, int at, int tree);
int put_on(int mount, int target);
int parent_of(struct child *c, const char *path, const char **last, char *copy); /* copy: PATH_MAX bytes */
int mount_point(struct child *c, const char *path, bool directory, uint64_t resolve);
int begin(struct child *c, const struct op *op, const char *type);
void reason(int fs, char *text, size_t size);
int configure(struct child *c, const struct op *op, int fs, const char *key, const char *value);
int finish(struct child *c, const struct op *op, int fs, const char *type, uint64_t attr);
int overlay(struct child *c, const struct op *op, const struct list *lower, const char *upper, const char *work,
    const struct list *more, uint64_t attr);
