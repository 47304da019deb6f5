package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.oci.OciSpec.IdMapping;
import dev.gantry.namespace.plan.LinuxNamespaces.Kind;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Operations in words, and as the commands that a person would type as root, one after another, in
 * a shell: {@code $root} is where the root is put together, {@code exec} goes on in a process with
 * other properties. Where no command exists there is a comment that says so.
 */
final class PlanText {
    private PlanText() {}

    static PlanStep step(PlanOp op) {
        return switch (op) {
            case PlanOp.Id(var id) -> say("id", id, "id=" + Shell.word(id));
            case PlanOp.Log l ->
                    say(
                            "log",
                            "%s, %d files of %d bytes"
                                    .formatted(l.path(), l.maxFiles(), l.maxBytes()),
                            "exec > >(tee -a " + Shell.word(l.path()) + ")");
            case PlanOp.Stdio s -> stdio(s);
            case PlanOp.State s ->
                    say(
                            "state",
                            "told to hooks, with status and pid",
                            "state() { printf '%s\"status\":\"%s\",\"pid\":%d%s' "
                                    + Shell.word(s.head())
                                    + " \"$1\" $pid "
                                    + Shell.word(s.tail())
                                    + "; }");
            case PlanOp.Listener(var path, _) ->
                    say(
                            "seccomp listener",
                            path,
                            "# the filter's descriptor goes to "
                                    + Shell.word(path)
                                    + ": no command does it");
            case PlanOp.Hook h ->
                    say(
                            "hook",
                            h.stage().field() + " " + h.path(),
                            "state %s | env -i %s timeout %d %s"
                                    .formatted(
                                            h.stage().field(),
                                            Shell.words(h.env()),
                                            h.timeout(),
                                            Shell.words(
                                                    h.args().isEmpty()
                                                            ? List.of(h.path())
                                                            : h.args())));
            case PlanOp.Namespaces(var flags) -> namespaces(flags);
            case PlanOp.JoinPath(var kind, var path) ->
                    say(
                            "setns",
                            Kind.of(kind).option + " " + path,
                            "exec nsenter --%s=%s sh"
                                    .formatted(Kind.of(kind).option, Shell.word(path)));
            case PlanOp.JoinInit(var kinds, var pid) ->
                    say(
                            "setns",
                            "%s of process %d".formatted(options("", kinds, ","), pid),
                            "exec nsenter --target %d %s sh"
                                    .formatted(pid, options("--", kinds, " ")));
            case PlanOp.Cgroup(var dirs) ->
                    say(
                            "cgroup.procs",
                            dirs.stream()
                                    .map(PlanOp.CgroupDir::path)
                                    .collect(Collectors.joining(" ")),
                            dirs.stream()
                                    .map(d -> "echo $$ > " + Shell.word(d.path() + "/cgroup.procs"))
                                    .collect(Collectors.joining("; ")));
            case PlanOp.CgroupWrite(var file, var value) ->
                    say(
                            "write",
                            file + " = " + value,
                            "echo " + Shell.word(value) + " > " + Shell.word(file));
            case PlanOp.UserMap(var uids, var gids) ->
                    say(
                            "uid_map, gid_map",
                            "uids " + maps(uids) + "; gids " + maps(gids),
                            "printf '%s\\n' %s > /proc/$pid/uid_map; printf '%s\\n' %s >"
                                            .formatted("%s", quoted(uids), "%s", quoted(gids))
                                    + " /proc/$pid/gid_map");
            case PlanOp.TimeOffsets(var monotonic, var boottime) ->
                    say(
                            "timens_offsets",
                            "monotonic %d.%09d s, boottime %d.%09d s"
                                    .formatted(
                                            monotonic.secs(),
                                            monotonic.nanosecs(),
                                            boottime.secs(),
                                            boottime.nanosecs()),
                            "printf 'monotonic %d %d\\nboottime %d %d\\n' > /proc/self/timens_offsets"
                                    .formatted(
                                            monotonic.secs(),
                                            monotonic.nanosecs(),
                                            boottime.secs(),
                                            boottime.nanosecs()));
            case PlanOp.Propagation(var type, var recursive) ->
                    say(
                            "mount --make",
                            "/ " + propagation(type, recursive),
                            "mount --make-" + propagation(type, recursive) + " /");
            case PlanOp.Rootfs r -> MountText.root(r);
            case PlanOp.Mount m -> MountText.mount(m);
            case PlanOp.Mkdir d ->
                    say(
                            "mkdir",
                            "%s, mode %o".formatted(d.path(), d.mode()),
                            "mkdir -p " + Shell.word(d.path()));
            case PlanOp.Mknod n -> MountText.node(n);
            case PlanOp.Symlink(var target, var path) ->
                    say(
                            "symlink",
                            path + " -> " + target,
                            "ln -s " + Shell.word(target) + " " + Shell.inRoot(path));
            case PlanOp.Mask(var path) -> MountText.mask(path);
            case PlanOp.Readonly(var path, var alone) -> MountText.readonly(path, alone);
            case PlanOp.Pivot _ ->
                    say(
                            "pivot_root",
                            "the root becomes /, the host's is let go",
                            "cd \"$root\" && pivot_root . . && umount -l .");
            case PlanOp.ReadonlyRoot _ ->
                    say("mount_setattr", "/ read-only", "mount -o remount,bind,ro /");
            case PlanOp.Hostname(var name) ->
                    say("sethostname", name, "hostname " + Shell.word(name));
            case PlanOp.Domainname(var name) ->
                    say("setdomainname", name, "domainname " + Shell.word(name));
            case PlanOp.SysctlWrite(var key, var value) ->
                    say(
                            "sysctl",
                            key + " = " + value,
                            "echo %s > %s"
                                    .formatted(Shell.word(value), Shell.word("/proc/sys/" + key)));
            case PlanOp.Limit l -> limit(l);
            case PlanOp.OomScore(var adjustment) ->
                    say(
                            "oom_score_adj",
                            Integer.toString(adjustment),
                            "echo " + adjustment + " > /proc/$$/oom_score_adj");
            case PlanOp.LoopbackUp _ -> say("ioctl SIOCSIFFLAGS", "lo up", "ip link set lo up");
            case PlanOp.Keyring _ ->
                    say("keyctl", "a session keyring of its own", "exec keyctl session - sh");
            case PlanOp.Tty t ->
                    say(
                            "pty",
                            "%d rows, %d columns%s"
                                    .formatted(
                                            t.rows(),
                                            t.columns(),
                                            t.console() ? ", also /dev/console" : ""),
                            "exec script -q -c sh /dev/null");
            case PlanOp.Label _,
                    PlanOp.Scheduler _,
                    PlanOp.IoPriority _,
                    PlanOp.CpuAffinity _,
                    PlanOp.Personality _,
                    PlanOp.MemoryPolicy _ ->
                    ScheduleText.step(op);
            case PlanOp.Env(var entries) ->
                    say(
                            "environment",
                            entries.size() + " variables",
                            "exec env -i " + Shell.words(entries) + " sh");
            case PlanOp.Cwd(var path) -> say("chdir", path, "cd " + Shell.word(path));
            case PlanOp.Groups(var gids) ->
                    say("setgroups", list(gids), "exec setpriv --groups " + list(gids) + " sh");
            case PlanOp.Uid u ->
                    say(
                            "setresuid, setresgid",
                            "uid %d, gid %d, umask %04o".formatted(u.uid(), u.gid(), u.umask()),
                            "umask %04o; exec setpriv --reuid %d --regid %d --keep-groups sh"
                                    .formatted(u.umask(), u.uid(), u.gid()));
            case PlanOp.Caps c -> caps(c);
            case PlanOp.NoNewPrivs _ ->
                    say("prctl", "PR_SET_NO_NEW_PRIVS", "exec setpriv --no-new-privs sh");
            case PlanOp.Seccomp s ->
                    say(
                            "seccomp",
                            "%d instructions, flags 0x%x"
                                    .formatted(s.filter().length / 8, s.flags()),
                            "# seccomp(2) with a filter of %d instructions: no command does it"
                                    .formatted(s.filter().length / 8));
            case PlanOp.Init _ ->
                    say("init", "process 1 reaps and forwards signals", "exec tini -- sh");
            case PlanOp.WaitStart _ -> say("wait", "for start", "kill -STOP $$");
            case PlanOp.Exec(var args) ->
                    say("execve", String.join(" ", args), "exec " + Shell.words(args));
        };
    }

    static PlanStep say(String operation, String detail, String shell) {
        return PlanStep.planned(LaunchPlan.SERVICE, operation, detail, shell);
    }

    private static PlanStep stdio(PlanOp.Stdio s) {
        return say(
                "stdio",
                (s.stdin() ? "standard input by attaching" : "no standard input")
                        + (s.waitAttach() ? ", starts when a client has attached" : ""),
                s.stdin() ? ":" : "exec < /dev/null");
    }

    private static PlanStep namespaces(int flags) {
        var names =
                LinuxNamespaces.kinds(flags).stream()
                        .map(k -> "CLONE_NEW" + cloneName(k))
                        .collect(Collectors.joining("|"));
        return say(
                "clone3",
                names,
                "exec unshare %s%s sh"
                        .formatted(
                                options("--", flags, " "),
                                (flags & LinuxNamespaces.NEWPID) != 0
                                        ? " --fork --kill-child"
                                        : ""));
    }

    private static String cloneName(Kind kind) {
        return kind == Kind.MOUNT ? "NS" : kind.option.toUpperCase(Locale.ROOT);
    }

    private static String options(String prefix, int flags, String between) {
        return LinuxNamespaces.kinds(flags).stream()
                .map(k -> prefix + k.option)
                .collect(Collectors.joining(between));
    }

    private static String maps(List<IdMapping> maps) {
        return maps.stream()
                .map(m -> m.containerID() + " " + m.hostID() + " " + m.size())
                .collect(Collectors.joining(", "));
    }

    private static String quoted(List<IdMapping> maps) {
        return maps.stream()
                .map(m -> "'%d %d %d'".formatted(m.containerID(), m.hostID(), m.size()))
                .collect(Collectors.joining(" "));
    }

    static String propagation(int type, boolean recursive) {
        String name =
                switch (type) {
                    case MountOptions.MS_SLAVE -> "slave";
                    case MountOptions.MS_SHARED -> "shared";
                    case MountOptions.MS_UNBINDABLE -> "unbindable";
                    default -> "private";
                };
        return (recursive ? "r" : "") + name;
    }

    private static PlanStep limit(PlanOp.Limit l) {
        String name = Rlimits.NAMES.get(l.resource());
        String soft = Rlimits.text(l.soft());
        String hard = Rlimits.text(l.hard());
        return say(
                "setrlimit",
                "RLIMIT_%s soft %s hard %s".formatted(name, soft, hard),
                "prlimit --pid $$ --%s=%s:%s".formatted(name.toLowerCase(Locale.ROOT), soft, hard));
    }

    private static String list(List<Long> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    private static PlanStep caps(PlanOp.Caps c) {
        var detail = new ArrayList<String>();
        detail.add("bounding " + set(c.bounding()));
        detail.add("effective " + set(c.effective()));
        detail.add("permitted " + set(c.permitted()));
        detail.add("inheritable " + set(c.inheritable()));
        detail.add("ambient " + set(c.ambient()));
        return say(
                "capset, prctl",
                String.join("; ", detail),
                "exec setpriv --bounding-set %s --inh-caps %s --ambient-caps %s sh"
                        .formatted(
                                option(c.bounding()),
                                option(c.inheritable()),
                                option(c.ambient())));
    }

    private static String set(long mask) {
        return mask == 0 ? "none" : CapabilityNames.names(mask);
    }

    private static String option(long mask) {
        return mask == 0
                ? "-all"
                : "-all,+" + CapabilityNames.names(mask).replace("cap_", "").replace(",", ",+");
    }
}
