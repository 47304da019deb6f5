/* Clients of the attach socket, protocol.md section 6: a bounded buffer each; who asks for it (BLOCKING) holds the
 * container back like a full pipe would, any other that falls behind is dropped and told so. */
#define _GNU_SOURCE
#include "launcher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FRAME = 1 << 16,
    HEAD = 5,
    LIMIT = 1 << 20,
    REPLAY = 1 << 16,
    HELLO_REPLAY = 1,
    HELLO_STDIN = 2,
    HELLO_BLOCKING = 4
};

struct queue {
    char *at;
    size_t start, used, room;
};

static struct client {
    int fd;
    bool greeted, closing; /* closing: nothing more is queued; closed when the queue is empty */
    uint8_t flags;
    struct queue out;
    char *in;
    size_t have;
} clients[MAX_CLIENTS];
static int count;
static struct queue replay;
static uint64_t dropped;
static bool ended;
static uint32_t end_code; /* as it is sent */

static bool reserve(struct queue *q, size_t more) {
    if (q->start && (q->start >= q->room / 2 || q->start + q->used + more > q->room)) {
        memmove(q->at, q->at + q->start, q->used);
        q->start = 0;
    }
    if (q->start + q->used + more <= q->room) return true;
    size_t room = q->room ? q->room : 4096;
    while (room < q->used + more) room *= 2;
    char *at = realloc(q->at, room);
    if (!at) return false;
    q->at = at;
    q->room = room;
    return true;
}

static bool frame(struct queue *q, enum frame type, const void *data, size_t length) {
    if (!reserve(q, HEAD + length)) return false;
    char *to = q->at + q->start + q->used;
    uint32_t size = htonl((uint32_t)length);
    to[0] = (char)type;
    memcpy(to + 1, &size, sizeof size);
    if (length) memcpy(to + HEAD, data, length);
    q->used += HEAD + length;
    return true;
}

static void leave(struct client *c) {
    bool fed = c->flags & HELLO_STDIN;
    close(c->fd);
    free(c->in);
    free(c->out.at);
    *c = clients[--count];
    clients[count] = (struct client){0};
    if (fed) shim_left();
}

static void flush(struct client *c) {
    while (c->out.used) {
        ssize_t n = send(c->fd, c->out.at + c->out.start, c->out.used, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            c->out.used = 0;
            c->closing = true;
            break;
        }
        c->out.start += (size_t)n;
        c->out.used -= (size_t)n;
    }
    c->out.start = 0;
}

static void dismiss(struct client *c, const char *why) {
    frame(&c->out, FAULT, why, strlen(why));
    c->closing = true;
}

void attach_reset(void) {
    memset(clients, 0, sizeof *clients * (size_t)count);
    count = 0;
    replay = (struct queue){0};
    dropped = 0;
    ended = false;
}

void attach_accept(int listening) {
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (count == MAX_CLIENTS || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
        (peer.uid != 0 && peer.uid != L.uid)) {
        close(fd);
        return;
    }
    clients[count++] = (struct client){.fd = fd};
}

/* `input`: the container takes stdin at the moment. A client that sends while it does not is left waiting. */
int attach_poll(struct pollfd *fds, bool input) {
    for (int i = 0; i < count; i++) {
        const struct client *c = &clients[i];
        short events = c->out.used ? POLLOUT : 0;
        if (!c->closing && (input || !c->greeted || !(c->flags & HELLO_STDIN))) events |= POLLIN;
        fds[i] = (struct pollfd){c->fd, events, 0};
    }
    return count;
}

static bool handle(struct client *c, enum frame type, const char *data, size_t length) {
    if (!c->greeted) {
        if (type != HELLO || length != 1 || data[0] & ~7) return dismiss(c, "the first frame must be HELLO"), false;
        c->greeted = true;
        c->flags = (uint8_t)data[0];
        frame(&c->out, READY, NULL, 0);
        if (c->flags & HELLO_REPLAY && replay.used && reserve(&c->out, replay.used)) {
            memcpy(c->out.at + c->out.start + c->out.used, replay.at + replay.start, replay.used);
            c->out.used += replay.used;
        }
        if (ended) {
            frame(&c->out, EXIT, &end_code, sizeof end_code);
            c->closing = true;
        }
        flush(c);
        shim_attached();
        return true;
    }
    uint16_t size[2];
    switch (type) {
    case STDIN:
        if (!(c->flags & HELLO_STDIN)) return dismiss(c, "HELLO did not announce stdin"), false;
        return length == 0 || shim_input(data, length);
    case STDIN_EOF:
        if (c->flags & HELLO_STDIN) shim_input_end();
        return true;
    case RESIZE:
        if (length != sizeof size) return dismiss(c, "RESIZE wants 4 bytes"), false;
        memcpy(size, data, sizeof size);
        shim_resize(ntohs(size[0]), ntohs(size[1]));
        return true;
    case DETACH: c->closing = true; return true;
    default: return dismiss(c, "unknown frame"), false;
    }
}

static void process(struct client *c) {
    size_t done = 0;
    while (!c->closing && c->have - done >= HEAD) {
        uint32_t length;
        memcpy(&length, c->in + done + 1, sizeof length);
        length = ntohl(length);
        if (length > FRAME) return dismiss(c, "frame longer than 64 KiB");
        if (c->have - done < HEAD + length) break;
        if (!handle(c, (enum frame)c->in[done], c->in + done + HEAD, length)) break;
        done += HEAD + length;
    }
    c->have -= done;
    memmove(c->in, c->in + done, c->have);
}

static void receive(struct client *c) {
    if (!c->in && !(c->in = malloc(HEAD + FRAME))) return dismiss(c, "out of memory");
    ssize_t n = recv(c->fd, c->in + c->have, HEAD + FRAME - c->have, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        c->closing = true;
        c->out.used = 0;
        return;
    }
    c->have += (size_t)n;
    process(c);
}

/* The container takes stdin again: go on with what was left in the clients' buffers. */
void attach_resume(void) {
    for (int i = 0; i < count; i++)
        if (clients[i].have && !clients[i].closing) process(&clients[i]);
}

void attach_events(const struct pollfd *fds, int n) {
    for (int i = n - 1; i >= 0; i--) { /* backwards: leave() fills the gap from the end */
        struct client *c = &clients[i];
        if (fds[i].revents & POLLOUT) flush(c);
        if (fds[i].revents & POLLIN)
            receive(c);
        else if (fds[i].revents & (POLLHUP | POLLERR))
            c->closing = true, c->out.used = 0;
        if (c->closing && !c->out.used) leave(c);
    }
}

static void trim(void) { /* whole frames from the front */
    while (replay.used > REPLAY) {
        uint32_t length;
        memcpy(&length, replay.at + replay.start + 1, sizeof length);
        length = ntohl(length) + HEAD;
        replay.start += length;
        replay.used -= length;
    }
}

void attach_output(enum frame type, const char *data, size_t length) {
    if (frame(&replay, type, data, length)) trim();
    for (int i = 0; i < count; i++) {
        struct client *c = &clients[i];
        if (c->closing || !c->greeted) continue;
        if (!(c->flags & HELLO_BLOCKING) && c->out.used + length > LIMIT) {
            dropped++;
            dismiss(c, "too slow: more than 1 MiB behind");
        } else if (!frame(&c->out, type, data, length)) {
            dropped++;
            c->closing = true;
        }
        flush(c);
    }
}

bool attach_blocked(void) {
    for (int i = 0; i < count; i++)
        if (clients[i].flags & HELLO_BLOCKING && !clients[i].closing && clients[i].out.used > LIMIT / 4) return true;
    return false;
}

void attach_exit(int code) {
    ended = true;
    end_code = htonl((uint32_t)code);
    for (int i = 0; i < count; i++) {
        struct client *c = &clients[i];
        if (!c->closing && !c->greeted) receive(c); /* a HELLO that is there already is answered, with its replay */
        if (c->closing) continue;
        frame(&c->out, EXIT, &end_code, sizeof end_code);
        c->closing = true;
        flush(c);
    }
}

bool attach_flushing(bool patient) {
    for (int i = 0; i < count; i++)
        if (clients[i].out.used && (patient || clients[i].flags & HELLO_BLOCKING)) return true;
    return false;
}

uint32_t attach_clients(void) {
    uint32_t greeted = 0;
    for (int i = 0; i < count; i++) greeted += clients[i].greeted && !clients[i].closing;
    return greeted;
}

uint64_t attach_dropped(void) {
    return dropped;
}
