/* gantry-caller: hands a command over to the resident process of the command line (dev.gantry.orchestrator.resident), which
 * has a warm JVM, and stays as what the caller sees of it: it has the standard streams, the terminal, the signals, the
 * children and the exit code. Where nobody answers, or who answers does not want the command, it becomes the JVM that it
 * was given. docs/decisions/0008 has the reasons, README.md here the messages.
 *
 *   gantry-caller NAME BUILD N JVM-WORD{N} ARGUMENT...
 *
 * NAME is gantry or gantry-oci; BUILD names what is installed: a resident of another build is not asked. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
    LONGEST = 128 << 10, /* of a message: fits the send buffer that a unix socket has by default */
    CHUNK = 32 << 10,    /* of standard input */
    PATIENCE = 10,      /* s for the resident to take a command; it takes well under a millisecond, but machines are loaded */
    MOST_FDS = 32,
    FAILED = 125
};
/* What the resident compares with its own before it takes a command: where they differ, the same name would mean
 * another file, or another process. */
enum { NAMESPACES = 4 };
static const char *const NAMESPACE[NAMESPACES] = {"mnt", "pid", "user", "cgroup"};

static const char *name;
static char **cold;
static int conn = -1;
static int signals = -1;
static sigset_t wanted;
static uint32_t asked; /* bytes of standard input that the resident waits for */
static bool raw;
static struct termios before;
static pid_t child; /* not reaped yet */

static void restore(void) {
    if (raw) tcsetattr(0, TCSANOW, &before);
    raw = false;
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
    va_list arguments;
    restore();
    fprintf(stderr, "%s: ", name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(strcmp(name, "gantry") == 0 ? FAILED : 1);
}

/* The command in a JVM of its own. Descriptors that the caller left open stay so; ours are closed by execve. */
__attribute__((noreturn)) static void run_cold(void) {
    sigprocmask(SIG_UNBLOCK, &wanted, NULL);
    execv(cold[0], cold);
    fail("execute %s: %s", cold[0], strerror(errno));
}

/* Descriptors from 3 on, without a gap, that the caller means to hand on: before we have any of our own. */
static unsigned count_preserved(void) {
    unsigned n = 0;
    for (int flags; n < MOST_FDS && (flags = fcntl(3 + (int)n, F_GETFD)) >= 0 && !(flags & FD_CLOEXEC);) n++;
    return n;
}

/* --root DIR and --root=DIR of gantry, --gantry of gantry-oci; before the command, where they must stand. */
static const char *instance(char **arguments) {
    const bool oci = strcmp(name, "gantry-oci") == 0;
    const char *option = oci ? "--gantry" : "--root";
    const char *found = oci ? getenv("GANTRY_ROOT") : NULL;
    const size_t length = strlen(option);
    static const char *const VALUED[] = {"--root", "--log", "--log-format", "--gantry", "--criu", "--rootless", NULL};
    for (; *arguments && **arguments == '-'; arguments++) {
        if (strncmp(*arguments, option, length) == 0 && (*arguments)[length] == '=') found = *arguments + length + 1;
        for (int i = 0; VALUED[i]; i++)
            if (strcmp(*arguments, VALUED[i]) == 0 && arguments[1]) {
                if (strcmp(*arguments, option) == 0) found = arguments[1];
                arguments++;
                break;
            }
    }
    return found && *found ? found : NULL;
}

static bool connect_to(const char *root) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int length = root ? snprintf(address.sun_path, sizeof address.sun_path, "%s/run/cli/cli.sock", root)
                            : snprintf(address.sun_path, sizeof address.sun_path, "/run/gantry/cli/cli.sock");
    if (length >= (int)sizeof address.sun_path) return false;
    conn = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (conn < 0) return false;
    if (conn < 3 + MOST_FDS) { /* out of the way of what the caller hands on, which a child finds at its own numbers */
        int high = fcntl(conn, F_DUPFD_CLOEXEC, 3 + MOST_FDS);
        close(conn);
        conn = high;
    }
    return conn >= 0 && connect(conn, (struct sockaddr *)&address, sizeof address) == 0;
}

static char message[LONGEST];
static size_t used;

static bool put(const void *bytes, size_t n) {
    if (used + n > sizeof message) return false;
    memcpy(message + used, bytes, n);
    used += n;
    return true;
}

static bool put_strings(char **strings) {
    uint32_t n = 0;
    while (strings[n]) n++;
    if (!put(&n, sizeof n)) return false;
    for (; *strings; strings++)
        if (!put(*strings, strlen(*strings) + 1)) return false;
    return true;
}

/* 'C', version, umask, preserved, namespaces, root; then name, build, directory, arguments, environment. */
static bool describe(const char *build, unsigned preserved, char **arguments) {
    char directory[4096], path[64];
    struct stat about;
    uint32_t numbers[3] = {1, umask(022), preserved};
    uint64_t same[NAMESPACES + 2];
    umask(numbers[1]);
    for (int i = 0; i < NAMESPACES; i++) {
        snprintf(path, sizeof path, "/proc/self/ns/%s", NAMESPACE[i]);
        if (stat(path, &about) < 0) return false;
        same[i] = about.st_ino;
    }
    if (stat("/", &about) < 0 || !getcwd(directory, sizeof directory) || *directory != '/') return false;
    same[NAMESPACES] = about.st_dev, same[NAMESPACES + 1] = about.st_ino;
    return put("C", 1) && put(numbers, sizeof numbers) && put(same, sizeof same) && put(name, strlen(name) + 1) &&
           put(build, strlen(build) + 1) && put(directory, strlen(directory) + 1) && put_strings(arguments) &&
           put_strings(environ);
}

static bool send_description(void) {
    const int fds[3] = {0, 1, 2};
    struct iovec text = {message, used};
    union {
        char bytes[CMSG_SPACE(sizeof fds)];
        struct cmsghdr align;
    } control = {0};
    struct msghdr all = {
        .msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *part = CMSG_FIRSTHDR(&all);
    *part = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fds)};
    memcpy(CMSG_DATA(part), fds, sizeof fds);
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0) return false; /* closed: the JVM knows what to do about that */
    return sendmsg(conn, &all, MSG_NOSIGNAL) == (ssize_t)used;
}

/* The resident says that it takes the command, and begins when it hears that we are still there. */
static bool taken(void) {
    const struct timeval patience = {PATIENCE, 0}, none = {0, 0};
    char answer = 0;
    setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (recv(conn, &answer, 1, 0) != 1 || answer != 'A') return false;
    setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
    return send(conn, "G", 1, MSG_NOSIGNAL) == 1;
}

static void tell(char type, const void *bytes, size_t n) {
    char frame[1 + CHUNK];
    frame[0] = type;
    memcpy(frame + 1, bytes, n);
    /* a resident that is gone is seen by the next receive */
    if (send(conn, frame, 1 + n, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
        fail("send to the resident command line: %s", strerror(errno));
}

static void watch(int signal) {
    sigaddset(&wanted, signal);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    signals = signalfd(signals, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) fail("signalfd: %s", strerror(errno));
}

/* One child with our streams, directory, environment, cgroup and session, as if the command had started it itself. */
static void start_child(char *words, size_t length) {
    char *argv[256];
    size_t n = 0;
    int32_t pid;
    for (char *word = words; word < words + length && n < 255; word += strlen(word) + 1) argv[n++] = word;
    argv[n] = NULL;
    watch(SIGCHLD);
    pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv(argv[0], argv);
        fprintf(stderr, "%s: execute %s: %s\n", name, argv[0], strerror(errno));
        _exit(127);
    }
    if (pid < 0) pid = -errno;
    child = pid;
    tell('P', &pid, sizeof pid);
}

/* The child alone: what it started apart is to be reaped by our parent, who learns by that how it ended. */
static void reap(void) {
    int32_t ended[2] = {child};
    int status;
    if (child <= 0 || waitpid(child, &status, WNOHANG) != child) return;
    ended[1] = status;
    child = 0;
    tell('W', ended, sizeof ended);
}

static void on_signals(void) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) {
        const uint8_t number = (uint8_t)info.ssi_signo;
        if (number == SIGCHLD)
            reap();
        else
            tell('S', &number, 1);
    }
}

static void on_input(void) {
    char bytes[CHUNK];
    const ssize_t n = read(0, bytes, asked < CHUNK ? asked : CHUNK);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    asked = 0;
    tell('D', bytes, n < 0 ? 0 : (size_t)n);
}

static void set_raw(void) {
    struct termios changed;
    if (tcgetattr(0, &before) < 0) return; /* the resident has checked that it is a terminal */
    changed = before;
    cfmakeraw(&changed);
    raw = tcsetattr(0, TCSANOW, &changed) == 0;
}

/* What the resident wants; see README.md. */
static void on_message(void) {
    static char frame[LONGEST + 1];
    const ssize_t n = recv(conn, frame, LONGEST, 0);
    int32_t number = 0;
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) fail("the resident command line has ended; what the services were asked for goes on");
    frame[n] = 0;
    if (n >= 5) memcpy(&number, frame + 1, sizeof number);
    switch (*frame) {
        case 'X': restore(); exit(number);
        case 'N': restore(); run_cold();
        case 'H': watch(number); break;
        case 'I': asked = (uint32_t)number; break;
        case 'R': start_child(frame + 1, (size_t)n - 1); break;
        case 'K':
            if (child > 0) kill(child, SIGTERM);
            break;
        case 'T': set_raw(); break;
        case 't': restore(); break;
        default: fail("the resident command line said %#x", (unsigned)*frame);
    }
}

int main(int argc, char **argv) {
    const unsigned preserved = count_preserved();
    char **arguments;
    sigemptyset(&wanted);
    static char count[32];
    long words = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    if (words < 1 || words > argc - 4) {
        fprintf(stderr, "usage: gantry-caller NAME BUILD N JVM-WORD{N} ARGUMENT...\n");
        return FAILED;
    }
    name = argv[1];
    arguments = argv + 4 + words;
    /* java, the number of preserved descriptors in the place of N, the other words, the arguments */
    cold = argv + 3;
    cold[0] = argv[4];
    snprintf(count, sizeof count, "-Dgantry.fds=%u", preserved);
    cold[1] = count;
    if (!*argv[2] || geteuid() != 0 || !connect_to(instance(arguments)) || !describe(argv[2], preserved, arguments) ||
        !send_description() || !taken())
        run_cold();
    for (;;) {
        struct pollfd fds[3] = {{conn, POLLIN, 0}, {signals, POLLIN, 0}, {asked ? 0 : -1, POLLIN, 0}};
        if (poll(fds, 3, -1) < 0) continue;
        if (fds[1].revents) on_signals();
        if (fds[0].revents) on_message();
        else if (fds[2].revents) on_input();
    }
}
