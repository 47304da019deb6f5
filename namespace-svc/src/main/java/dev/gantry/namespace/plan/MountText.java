package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.PlanStep;

import java.util.ArrayList;
import java.util.List;

/** The mounts of a plan in words and as commands; see {@link PlanText}. */
final class MountText {
    private MountText() {}

    static PlanStep root(PlanOp.Rootfs r) {
        if (!r.overlay()) {
            String source = r.lowers().getFirst();
            return PlanText.say(
                    "mount --bind",
                    source + " as the root",
                    "root=$(mktemp -d) && mount --bind " + Shell.word(source) + " \"$root\"");
        }
        var options = new ArrayList<String>();
        options.add("lowerdir=" + String.join(":", r.lowers()));
        options.add("upperdir=" + r.upper());
        options.add("workdir=" + r.work());
        r.options()
                .forEach(
                        o ->
                                options.add(
                                        o.value().isEmpty() ? o.key() : o.key() + "=" + o.value()));
        String all = String.join(",", options);
        return PlanText.say(
                "mount overlay",
                r.idMapped() ? all + " (layers id-mapped as the container)" : all,
                "root=$(mktemp -d) && mount -t overlay -o "
                        + Shell.word(all)
                        + " overlay \"$root\"");
    }

    static PlanStep mount(PlanOp.Mount m) {
        String target = Shell.inRoot(m.destination());
        var options = m.options();
        String words = options.words();
        if (m.type().equals("bind")) {
            var commands = new ArrayList<String>();
            commands.add(
                    "[ -d %s ] && mkdir -p %s || { mkdir -p \"$(dirname %s)\" && touch %s; }"
                            .formatted(Shell.word(m.source()), target, target, target));
            commands.add(
                    "mount --%s %s %s"
                            .formatted(
                                    options.recursive() ? "rbind" : "bind",
                                    Shell.word(m.source()),
                                    target));
            if (!words.isEmpty()) {
                commands.add("mount -o remount,bind,%s %s".formatted(Shell.word(words), target));
            }
            if (!m.uids().isEmpty()) {
                commands.add(
                        "mount -o remount,bind,X-mount.idmap=%s %s"
                                .formatted(Shell.word(idMap(m)), target));
            }
            commands.add(
                    "mount --make-%s %s"
                            .formatted(
                                    PlanText.propagation(
                                            options.propagation(), options.propagationBelow()),
                                    target));
            return PlanText.say(
                    "mount --bind",
                    m.source() + " on " + m.destination() + suffix(words),
                    String.join("; ", commands));
        }
        return PlanText.say(
                "mount " + m.type(),
                "on " + m.destination() + suffix(words),
                "mkdir -p %s && mount -t %s%s %s %s"
                        .formatted(
                                target,
                                m.type(),
                                words.isEmpty() ? "" : " -o " + Shell.word(words),
                                Shell.word(m.source()),
                                target));
    }

    private static String idMap(PlanOp.Mount m) {
        var out = new ArrayList<String>();
        m.uids().forEach(u -> out.add("u:" + u.containerID() + ":" + u.hostID() + ":" + u.size()));
        m.gids().forEach(g -> out.add("g:" + g.containerID() + ":" + g.hostID() + ":" + g.size()));
        return String.join(" ", out);
    }

    private static String suffix(String words) {
        return words.isEmpty() ? "" : " (" + words + ")";
    }

    static PlanStep node(PlanOp.Mknod n) {
        String target = Shell.inRoot(n.path());
        String type =
                switch (n.mode() & 0170000) {
                    case 0060000 -> "b";
                    case 0010000 -> "p";
                    default -> "c";
                };
        int permissions = n.mode() & 07777;
        if (n.bind()) {
            String name = n.path().substring(n.path().lastIndexOf('/') + 1);
            return PlanText.say(
                    "mount --bind",
                    "/dev/%s on %s".formatted(name, n.path()),
                    "touch %s && mount --bind %s %s"
                            .formatted(target, Shell.word("/dev/" + name), target));
        }
        var command =
                new ArrayList<String>(List.of("mknod", "-m", Integer.toOctalString(permissions)));
        command.add(target);
        command.add(type);
        if (!type.equals("p")) {
            command.add(Long.toString(n.major()));
            command.add(Long.toString(n.minor()));
        }
        String owner =
                n.uid() == 0 && n.gid() == 0
                        ? ""
                        : "; chown %d:%d %s".formatted(n.uid(), n.gid(), target);
        return PlanText.say(
                "mknod",
                "%s %s %d:%d, mode %o".formatted(n.path(), type, n.major(), n.minor(), permissions),
                String.join(" ", command) + owner);
    }

    static PlanStep mask(String path) {
        String word = Shell.word(path);
        return PlanText.say(
                "mask",
                path,
                "if [ -d %s ]; then mount -t tmpfs -o ro tmpfs %s; elif [ -e %s ]; then mount --bind"
                                .formatted(word, word, word)
                        + " /dev/null "
                        + word
                        + "; fi");
    }

    static PlanStep readonly(String path, boolean alone) {
        String word = Shell.word(path);
        if (alone) {
            return PlanText.say(
                    "mount_setattr", path + " read-only", "mount -o remount,bind,ro " + word);
        }
        return PlanText.say(
                "mount_setattr",
                path + " read-only",
                "[ ! -e %s ] || { mount --rbind %s %s && mount -o remount,bind,ro %s; }"
                        .formatted(word, word, word, word));
    }
}
