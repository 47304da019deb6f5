/* Messages of protocol.md section 2 over SEQPACKET sockets. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t now(int clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static ssize_t receive(int connection, struct request *request, void *to, size_t room, int flags) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MAX_FDS)];
        struct cmsghdr align;
    } control;
    struct iovec data = {to, room};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
    ssize_t n;
    do n = recvmsg(connection, &message, flags | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0) return n;
    bool cut = message.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        for (size_t i = 0; i < (part->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (request->fds < MAX_FDS)
                request->fd[request->fds++] = fd;
            else
                close(fd), cut = true;
        }
    }
    return cut ? (errno = EMSGSIZE, -1) : n;
}

/* One packet with a header; the body's room is taken only after its length was checked. */
bool receive_first(int connection, struct request *request) {
    static uint8_t packet[PACKET];
    ssize_t n = receive(connection, request, packet, sizeof packet, MSG_DONTWAIT);
    if (n == 0) errno = ECONNRESET;
    if (n <= 0) return false;
    errno = EPROTO;
    if ((size_t)n < sizeof request->header) return false;
    memcpy(&request->header, packet, sizeof request->header);
    const struct header *h = &request->header;
    request->have = (size_t)n - sizeof *h;
    if (h->magic != MAGIC || h->version != 1 || h->length > MAX_BODY || request->have > h->length) return false;
    if (!request->body) request->body = malloc(h->length + 1ul);
    if (!request->body) return false;
    memcpy(request->body, packet + sizeof *h, request->have);
    return true;
}

bool receive_rest(int connection, struct request *request) {
    const uint64_t end = now(CLOCK_MONOTONIC) + 10000000000u;
    while (request->have < request->header.length) {
        struct pollfd waiting = {connection, POLLIN, 0};
        uint64_t at = now(CLOCK_MONOTONIC);
        if (at >= end || poll(&waiting, 1, (int)((end - at) / 1000000) + 1) <= 0) return errno = ETIMEDOUT, false;
        ssize_t n = receive(
            connection, request, request->body + request->have, request->header.length - request->have, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) continue;
        if (n == 0) errno = ECONNRESET;
        if (n <= 0) return false;
        request->have += (size_t)n;
    }
    return true;
}

void put(struct buffer *b, uint64_t value, unsigned size) {
    if (b->used + size > b->room) {
        size_t room = b->room ? b->room * 2 : 512;
        uint8_t *at = realloc(b->at, room);
        if (!at) return;
        b->at = at;
        b->room = room;
    }
    memcpy(b->at + b->used, &value, size);
    b->used += size;
}

void put_string(struct buffer *b, const char *text) {
    put(b, strlen(text), 4);
    for (; *text; text++) put(b, (uint8_t)*text, 1);
}

bool send_message(int connection, uint16_t type, uint32_t seq, const struct buffer *body) {
    struct header header = {MAGIC, type, 1, seq, body ? (uint32_t)body->used : 0};
    struct iovec parts[2] = {{&header, sizeof header}, {body ? body->at : NULL, header.length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = body ? 2 : 1};
    ssize_t n;
    do n = sendmsg(connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)(sizeof header + header.length);
}

bool send_failure(int connection, uint32_t seq, const struct failure *failure) {
    struct buffer body = {0};
    put(&body, (uint32_t)failure->op, 4);
    put(&body, failure->code, 2);
    put(&body, (uint32_t)failure->error, 4);
    char text[sizeof failure->message];
    memcpy(text, failure->message, sizeof text);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?'; /* it may quote what a container chose */
    put_string(&body, text);
    bool sent = send_message(connection, M_FAILED, seq, &body);
    free(body.at);
    return sent;
}
