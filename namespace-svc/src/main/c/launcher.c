/* gantry-launcher: carries out launch plans. It decides nothing; see protocol.md. This process only forks: requests are
 * accepted and read in what becomes the container's shim, so that no request can take it down. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

struct launcher L;

_Noreturn void die(const char *what) {
    fprintf(stderr, "gantry-launcher: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* security.md row 1: a container can reach this program by /proc/PID/exe, so it runs from a copy that nobody can write. */
static void run_sealed(char **argv) {
    const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (self < 0) die("open /proc/self/exe");
    if (fcntl(self, F_GET_SEALS) == all) {
        close(self);
        return;
    }
    struct stat st;
    int copy = memfd_create("gantry-launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (copy < 0 && errno == EINVAL)
        copy = memfd_create("gantry-launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING); /* before Linux 6.3 */
    if (copy < 0 || fstat(self, &st) < 0) die("memfd_create");
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = sendfile(copy, self, NULL, (size_t)left);
        if (n <= 0) die("copy itself");
        left -= n;
    }
    if (fcntl(copy, F_ADD_SEALS, all) < 0) die("seal");
    fexecve(copy, argv, environ);
    die("run the sealed copy");
}

static int checked(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) die(path);
    return fd;
}

static int null_device(void) {
    struct stat st;
    int fd = checked("/dev/null", O_RDWR | O_NOFOLLOW);
    while (fd < 3) /* closed standard descriptors would be handed to containers as something else */
        if ((fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0) die("/dev/null");
    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) errno = ENODEV, die("/dev/null");
    for (int i = 0; i < 3; i++)
        if (fcntl(i, F_GETFD) < 0 && dup2(fd, i) < 0) die("dup2");
    return fd;
}

int listen_on(const char *path) {
    const char *pid = getenv("LISTEN_PID");
    if (!path) {
        if (!pid || strtol(pid, NULL, 10) != getpid() || fcntl(3, F_SETFD, FD_CLOEXEC) < 0)
            errno = EINVAL, die("neither --socket nor an activated socket");
        return 3;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) errno = ENAMETOOLONG, die(path);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    umask(0177);
    if (unlink(path) < 0 && errno != ENOENT) die(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || lchown(path, L.uid, (gid_t)-1) < 0 ||
        listen(fd, 128) < 0)
        die(path);
    umask(022);
    return fd;
}

unsigned identity(const char *text) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || *end || end == text || *text == '-' || value >= 0xfffffffful) errno = EINVAL, die(text);
    return (unsigned)value;
}

bool trusted(int connection) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == L.uid || peer.uid == 0);
}

/* ---- shims ahead of need: each waits in accept, its init cloned; so neither fork nor clone is on a container's way ---- */

enum { MAX_SPARES = 16, CALM = 20 /* ms without requests before the pool is filled again, if it is not empty */ };

static struct {
    pid_t pid[MAX_SPARES];
    int count, wanted, taken[2], listening;
    uint32_t namespaces;
} pool;

static _Noreturn void spare_shim(pid_t parent) {
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_NAME, "gantry-spare");
    if (pool.wanted) shim_prepare(pool.namespaces);
    for (;;) {
        int connection = accept4(pool.listening, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0 && errno != EINTR && errno != ECONNABORTED) _exit(1);
        if (connection < 0) continue;
        if (!trusted(connection) || shim_removes(connection)) {
            close(connection);
            continue;
        }
        prctl(PR_SET_PDEATHSIG, 0); /* from now on it outlives the launcher */
        pid_t me = getpid();
        if (write(pool.taken[1], &me, sizeof me) != sizeof me) _exit(1);
        close(pool.listening);
        close(pool.taken[0]);
        close(pool.taken[1]);
        shim_main(connection);
    }
}

static void forget(pid_t pid) {
    for (int i = 0; i < pool.count; i++)
        if (pool.pid[i] == pid) pool.pid[i] = pool.pid[--pool.count];
}

static _Noreturn void keep_pool(void) {
    const int most = pool.wanted ? pool.wanted : 1;
    const pid_t self = getpid();
    int idle = 0;
    if (pipe2(pool.taken, O_CLOEXEC) < 0) die("pipe");
    for (;;) {
        if (pool.count == 0 || (idle && pool.count < most)) {
            pid_t pid = fork();
            if (pid == 0) spare_shim(self);
            if (pid > 0)
                pool.pid[pool.count++] = pid;
            else if (pool.count == 0)
                poll(NULL, 0, CALM); /* out of processes: try again */
        }
        struct pollfd taken = {pool.taken[0], POLLIN, 0};
        /* a spare that died unused (a stray signal) is missed at the next time-out */
        int ready = poll(&taken, 1, pool.count == 0 ? 0 : pool.count < most ? (idle ? 0 : CALM) : 1000);
        idle = ready == 0;
        pid_t pid;
        if (ready > 0 && read(pool.taken[0], &pid, sizeof pid) == sizeof pid) forget(pid);
        for (int i = pool.count - 1; ready == 0 && i >= 0; i--)
            if (kill(pool.pid[i], 0) < 0 && errno == ESRCH) forget(pool.pid[i]);
    }
}

int main(int argc, char **argv) {
    static const struct option OPTIONS[] = {{"socket", 1, NULL, 's'}, {"uid", 1, NULL, 'u'}, {"gid", 1, NULL, 'g'},
        {"state", 1, NULL, 'd'}, {"spare", 1, NULL, 'n'}, {"spare-net", 0, NULL, 'e'}, {"called", 1, NULL, 'c'},
        {"apart", 0, NULL, 'a'}, {"relay", 0, NULL, 'r'}, {"exec", 1, NULL, 'x'}, {"console", 1, NULL, 't'},
        {"preserve-fds", 1, NULL, 'p'}, {NULL, 0, NULL, 0}};
    const char *path = NULL, *uid = NULL, *gid = NULL;
    run_sealed(argv);
    if (prctl(PR_SET_DUMPABLE, 0) < 0) die("prctl");
    pool.namespaces = CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
    for (int o; (o = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
        if (o == 's')
            path = optarg;
        else if (o == 'u')
            uid = optarg;
        else if (o == 'g')
            gid = optarg;
        else if (o == 'd')
            L.state_path = optarg;
        else if (o == 'n')
            pool.wanted = (int)identity(optarg);
        else if (o == 'e')
            pool.namespaces |= CLONE_NEWNET;
        else if (o == 'c')
            called.pid = optarg;
        else if (o == 'a')
            L.apart = true;
        else if (o == 'r')
            called.relay = true;
        else if (o == 'x')
            called.container = optarg;
        else if (o == 't')
            called.console = optarg;
        else if (o == 'p')
            called.preserve = optarg;
        else
            return 2;
    }
    if (!uid || !L.state_path || L.state_path[0] != '/' || strlen(L.state_path) > 100 || optind < argc ||
        pool.wanted < 0 || pool.wanted > MAX_SPARES || (called.pid && !path)) {
        fprintf(stderr,
            "usage: gantry-launcher [--socket PATH] --uid UID [--gid GID] --state DIR [--spare 0-%d [--spare-net]]\n"
            "       gantry-launcher --called PID --socket PATH --uid UID [--gid GID] --state DIR [--apart] [--relay]\n"
            "                       [--exec ID] [--console SOCKET] [--preserve-fds N]\n",
            MAX_SPARES);
        return 2;
    }
    L.uid = identity(uid);
    L.gid = identity(gid ? gid : uid);
    if (called.pid) called_prepare();
    L.null = null_device();
    L.state = checked(L.state_path, O_PATH | O_DIRECTORY);
    L.cgroups = checked("/sys/fs/cgroup", O_PATH | O_DIRECTORY);
    if (!called.pid) {
        pool.listening = listen_on(path);
        close_range(path ? (unsigned)pool.listening + 1 : 64, ~0u, 0);
    }
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    signal(SIGCHLD, SIG_IGN); /* shims are reaped by the kernel */
    if (chdir("/") < 0) die("/");
    if (called.pid) called_main(path);
    printf("ready\n");
    fflush(stdout);
    keep_pool();
}
