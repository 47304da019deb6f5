/* probe KEY: run inside a container, says whether a key of that name can be found in the session keyring. */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
    long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", argv[argc - 1], 0);
    puts(key < 0 ? strerror(errno) : "found");
    return 0;
}
