package dev.gantry.bus.testing;

import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Fails the build if a run of tests leaves anything of the kernel's behind: mounts, links, pinned
 * network namespaces, nftables tables, cgroups or processes. Every test JVM of Gantry has it, by
 * the ServiceLoader. {@code -Dgantry.leakCheck=false} turns it off where other work shares the
 * machine.
 */
public final class LeakCheck implements LauncherSessionListener {
    private static final int ATTEMPTS = 100;
    private static final long PAUSE_NANOS = 100_000_000L;
    private static final int EXIT_STATUS = 70;

    private Set<String> before = Set.of();

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        before = everything();
    }

    /**
     * The kernel takes network namespaces down after the fact, so what is left gets ten seconds.
     */
    @Override
    public void launcherSessionClosed(LauncherSession session) {
        if (!Boolean.parseBoolean(System.getProperty("gantry.leakCheck", "true"))) {
            return;
        }
        Set<String> left = leftBehind();
        for (int i = 0; i < ATTEMPTS && !left.isEmpty(); i++) {
            LockSupport.parkNanos(PAUSE_NANOS);
            left = leftBehind();
        }
        if (!left.isEmpty()) {
            var said = "the tests left behind:\n  " + String.join("\n  ", left) + "\n";
            // Not System.err, which the test runner has taken: what is in it would die with this
            // JVM.
            try (var stderr = new FileOutputStream(FileDescriptor.err)) {
                stderr.write(said.getBytes(StandardCharsets.UTF_8));
                Files.writeString(Path.of("target", "left-behind.txt"), said);
            } catch (IOException e) {
                throw new IllegalStateException(said, e);
            }
            // An exception thrown here would only be logged; a test JVM that dies fails the build.
            Runtime.getRuntime().halt(EXIT_STATUS);
        }
    }

    private Set<String> leftBehind() {
        var now = everything();
        now.removeAll(before);
        return now;
    }

    private static Set<String> everything() {
        var all = new TreeSet<String>();
        try {
            Files.readAllLines(Path.of("/proc/self/mountinfo"))
                    .forEach(line -> all.add("mount " + line.split(" ")[4]));
            addNames(all, "link ", Path.of("/sys/class/net"), name -> true);
            addNames(all, "netns ", Path.of("/run/netns"), name -> true);
            try (var hierarchies = Files.newDirectoryStream(Path.of("/sys/fs/cgroup"))) {
                for (var hierarchy : hierarchies) {
                    addNames(
                            all, "cgroup " + hierarchy + "/", hierarchy, n -> n.contains("gantry"));
                }
            }
            addNames(all, "cgroup /", Path.of("/sys/fs/cgroup"), name -> name.contains("gantry"));
        } catch (IOException e) {
            throw new IllegalStateException("the leak check cannot read", e);
        }
        tables().forEach(table -> all.add("nft " + table));
        ProcessHandle.allProcesses()
                .map(process -> process.info().commandLine().orElse(""))
                .filter(line -> line.contains("gantry-launcher") || line.contains("dev.gantry."))
                .filter(line -> !line.contains("surefire") && !line.contains("maven"))
                .forEach(line -> all.add("process " + line));
        return all;
    }

    private static void addNames(
            Set<String> all, String prefix, Path directory, Predicate<String> wanted)
            throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            files.map(file -> file.getFileName().toString())
                    .filter(wanted)
                    .forEach(name -> all.add(prefix + name));
        }
    }

    private static Set<String> tables() {
        if (!new File("/usr/sbin/nft").canExecute() || !isRoot()) {
            return Set.of();
        }
        try {
            var process = new ProcessBuilder("/usr/sbin/nft", "list", "tables").start();
            var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return text.lines().collect(Collectors.toSet());
        } catch (IOException e) {
            throw new IllegalStateException("the leak check cannot run nft", e);
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }
}
