/* Between the container's stdio, its log and the attach clients. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 32 << 10 };

bool write_input(void) {
    while (S.in >= 0 && S.input_left) {
        ssize_t n = write(S.in, S.input + S.input_at, S.input_left);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return false;
        if (n <= 0) {
            S.input_left = 0; /* nobody reads any more */
            break;
        }
        S.input_at += (size_t)n;
        S.input_left -= (size_t)n;
    }
    if (S.input_ends && S.in >= 0) {
        S.input_ends = false;
        if (!S.tty)
            close_fd(&S.in);
        else if (write(S.in, "\004", 1) != 1)
            return false; /* a terminal's end of file is a key */
    }
    return true;
}

/* False: not now; the client keeps the frame and comes again by attach_resume(). */
bool shim_input(const char *data, size_t length) {
    if (S.input_left) return false;
    if (S.in < 0) return true;
    if (!S.input && !(S.input = malloc(PACKET))) return true;
    S.fed = true;
    memcpy(S.input, data, length);
    S.input_at = 0;
    S.input_left = length;
    write_input();
    return true;
}

void shim_input_end(void) {
    S.input_ends = true;
    write_input();
}

int shim_resize(uint16_t rows, uint16_t cols) {
    struct winsize size = {.ws_row = rows, .ws_col = cols};
    if (!S.tty) return ENOTTY;
    S.rows = rows;
    S.cols = cols;
    return S.in < 0 || ioctl(S.in, TIOCSWINSZ, &size) == 0 ? 0 : errno;
}

bool read_output(int i) { /* false: nothing there at the moment, or never again */
    static char data[CHUNK];
    ssize_t n = read(S.out[i], data, sizeof data);
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && errno == EAGAIN) {
        if (S.phase == EXITED) close_fd(&S.out[i]); /* whoever else holds the pipe is not the container's process */
        return false;
    }
    if (n <= 0) { /* EIO: the last holder of the terminal closed it */
        close_fd(&S.out[i]);
        return false;
    }
    log_write(S.log, i + 1, data, (size_t)n);
    attach_output(i ? STDERR : STDOUT, data, (size_t)n);
    return true;
}
