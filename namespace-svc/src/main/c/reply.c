/* What a shim says on its control connections. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

void reply(int fd, uint16_t type, uint32_t seq, struct buffer *body) {
    if (!send_message(fd, type, seq, body)) shutdown(fd, SHUT_RDWR); /* its loop turn then drops it */
    if (body) free(body->at);
}

void send_timings(int fd, uint32_t seq) {
    struct buffer body = {0};
    uint32_t many = 0;
    for (uint32_t i = 0; i < S.plan->count; i++) many += S.report->at[i].done == 1;
    put(&body, S.base, 8);
    put(&body, many, 4);
    for (uint32_t i = 0; i < S.plan->count; i++) {
        struct timing *t = &S.report->at[i];
        if (t->done != 1) continue;
        put(&body, i, 2);
        put(&body, S.plan->ops[i].code, 2);
        put(&body, (uint32_t)t->error, 4);
        put(&body, t->start - S.base_mono, 8);
        put(&body, t->duration, 8);
        t->done = 2;
    }
    reply(fd, M_TIMINGS, seq, &body);
}

void reply_error(int fd, uint32_t seq, int error, const char *message) {
    struct failure f = {.op = -1, .error = error};
    snprintf(f.message, sizeof f.message, "%s", message);
    if (!send_failure(fd, seq, &f)) shutdown(fd, SHUT_RDWR);
}

void tell_exit(int fd) {
    struct buffer body = {0};
    put(&body, (uint32_t)S.code, 4);
    put(&body, (uint32_t)S.signal, 4);
    put(&body, S.exit_time, 8);
    reply(fd, M_EXITED, 0, &body);
}

void tell_created(bool running) {
    struct buffer body = {0};
    put(&body, (uint32_t)S.pid, 4);
    put(&body, S.start_time, 8);
    put(&body, (uint32_t)getpid(), 4);
    put(&body, running, 1);
    S.told = true;
    reply(S.creator, M_CREATED, S.create_seq, &body);
    send_timings(S.creator, S.create_seq);
}

void send_state(int fd, uint32_t seq) {
    struct buffer body = {0};
    const struct log_state log = log_state(S.log);
    put(&body, S.phase, 1);
    put(&body, (uint32_t)S.pid, 4);
    put(&body, S.start_time, 8);
    put(&body, (uint32_t)S.code, 4);
    put(&body, (uint32_t)S.signal, 4);
    put(&body, S.exit_time, 8);
    put(&body, log.bytes, 8);
    put(&body, log.errors, 8);
    put(&body, (uint32_t)log.error, 4);
    put(&body, attach_clients(), 4);
    put(&body, attach_dropped(), 8);
    put(&body, S.rows, 2);
    put(&body, S.cols, 2);
    reply(fd, M_STATUS, seq, &body);
}
