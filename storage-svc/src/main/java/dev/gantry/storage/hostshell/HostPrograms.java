package dev.gantry.storage.hostshell;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The programs of the host that make a shell usable. */
final class HostPrograms {
    /** Where they are looked for: directories that root alone writes. */
    static final List<String> DIRECTORIES = List.of("/usr/bin", "/bin", "/usr/sbin", "/sbin");

    /** Without these there is no image. */
    static final List<String> REQUIRED = List.of("sh", "cat", "grep", "id", "ls", "ps", "ip");

    /** These are taken where they are installed. */
    static final List<String> WANTED =
            List.of(
                    "awk",
                    "base64",
                    "basename",
                    "chmod",
                    "chown",
                    "cp",
                    "cut",
                    "date",
                    "dd",
                    "df",
                    "dirname",
                    "du",
                    "echo",
                    "env",
                    "expr",
                    "false",
                    "find",
                    "free",
                    "head",
                    "hostname",
                    "kill",
                    "ln",
                    "md5sum",
                    "mkdir",
                    "mkfifo",
                    "mknod",
                    "mktemp",
                    "mount",
                    "mv",
                    "nc",
                    "nproc",
                    "ping",
                    "printf",
                    "pwd",
                    "readlink",
                    "rm",
                    "rmdir",
                    "sed",
                    "seq",
                    "sha256sum",
                    "sleep",
                    "sort",
                    "stat",
                    "stty",
                    "sync",
                    "tail",
                    "tar",
                    "tee",
                    "test",
                    "timeout",
                    "touch",
                    "tr",
                    "true",
                    "tty",
                    "umount",
                    "uname",
                    "uniq",
                    "wc",
                    "whoami",
                    "xargs",
                    "yes");

    private HostPrograms() {}

    /** A program by name. */
    static Optional<Path> find(String name) {
        return DIRECTORIES.stream()
                .map(directory -> Path.of(directory, name))
                .filter(path -> Files.isRegularFile(path) && Files.isExecutable(path))
                .findFirst();
    }
}
