package dev.gantry.namespace.plan;

/** The numbers of the launcher's operations, protocol.md section 3. */
public enum Opcode {
    ID(1),
    LOG(2),
    STDIO(3),
    STATE(4),
    LISTENER(5),
    NAMESPACES(10),
    SETNS(11),
    CGROUP(12),
    CGROUP_WRITE(13),
    USERMAP(14),
    TIME_OFFSETS(15),
    PROPAGATION(20),
    ROOTFS(21),
    MOUNT(22),
    MKDIR(23),
    MKNOD(24),
    SYMLINK(25),
    MASK(26),
    READONLY(27),
    PIVOT(28),
    READONLY_ROOT(29),
    HOSTNAME(30),
    DOMAINNAME(31),
    SYSCTL(32),
    RLIMIT(33),
    OOM_SCORE(34),
    LOOPBACK_UP(35),
    KEYRING(36),
    TTY(37),
    LABEL(38),
    HOOK(39),
    ENV(40),
    CWD(41),
    GROUPS(42),
    UID(43),
    CAPS(44),
    NO_NEW_PRIVS(45),
    SECCOMP(46),
    INIT(47),
    WAIT_START(48),
    EXEC(50),
    SCHEDULER(51),
    IO_PRIORITY(52),
    CPU_AFFINITY(53),
    PERSONALITY(54),
    MEMORY_POLICY(55);

    private final int code;

    Opcode(int code) {
        this.code = code;
    }

    /** The number on the wire. */
    public int code() {
        return code;
    }
}
