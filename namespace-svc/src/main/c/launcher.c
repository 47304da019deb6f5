/* gantry-launcher: carries out launch plans. It decides nothing; see protocol.md. This process only accepts and forks: not
 * even the request is read here, so that no request can take it down. */
#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
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

static _Noreturn void die(const char *what) {
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
    if (copy < 0 && errno == EINVAL) copy = memfd_create("gantry-launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING); /* before Linux 6.3 */
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

static int listen_on(const char *path) {
    const char *pid = getenv("LISTEN_PID");
    if (!path) {
        if (!pid || strtol(pid, NULL, 10) != getpid() || fcntl(3, F_SETFD, FD_CLOEXEC) < 0) errno = EINVAL, die("neither --socket nor an activated socket");
        return 3;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) errno = ENAMETOOLONG, die(path);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    umask(0177);
    if (unlink(path) < 0 && errno != ENOENT) die(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || lchown(path, L.uid, (gid_t)-1) < 0 || listen(fd, 128) < 0) die(path);
    umask(022);
    return fd;
}

static unsigned identity(const char *text) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || *end || end == text || *text == '-' || value >= 0xfffffffful) errno = EINVAL, die(text);
    return (unsigned)value;
}

static bool trusted(int connection) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == L.uid || peer.uid == 0);
}

int main(int argc, char **argv) {
    static const struct option OPTIONS[] = {{"socket", 1, NULL, 's'}, {"uid", 1, NULL, 'u'}, {"gid", 1, NULL, 'g'}, {"state", 1, NULL, 'd'}, {NULL, 0, NULL, 0}};
    const char *path = NULL, *uid = NULL, *gid = NULL;
    run_sealed(argv);
    if (prctl(PR_SET_DUMPABLE, 0) < 0) die("prctl");
    for (int o; (o = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
        if (o == 's') path = optarg;
        else if (o == 'u') uid = optarg;
        else if (o == 'g') gid = optarg;
        else if (o == 'd') L.state_path = optarg;
        else return 2;
    }
    if (!uid || !L.state_path || L.state_path[0] != '/' || optind < argc) {
        fprintf(stderr, "usage: gantry-launcher [--socket PATH] --uid UID [--gid GID] --state DIR\n");
        return 2;
    }
    L.uid = identity(uid);
    L.gid = identity(gid ? gid : uid);
    L.null = null_device();
    L.state = checked(L.state_path, O_PATH | O_DIRECTORY);
    L.cgroups = checked("/sys/fs/cgroup", O_PATH | O_DIRECTORY);
    int listening = listen_on(path);
    close_range(path ? (unsigned)listening + 1 : 64, ~0u, 0);
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    signal(SIGCHLD, SIG_IGN); /* shims are reaped by the kernel */
    if (chdir("/") < 0) die("/");
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (connection < 0) die("accept");
        pid_t pid = trusted(connection) ? fork() : -1;
        if (pid == 0) {
            close(listening);
            shim_main(connection);
        }
        close(connection); /* refused, or out of processes: the peer sees the end */
    }
}
