package dev.gantry.storage.hostshell;

import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.archive.TarWriter;
import dev.gantry.storage.kernel.Raw;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The tree of the image {@code host-shell}: the host's busybox, or its shell and tools, each with
 * the libraries that it asks for. The same host gives the same bytes.
 */
public final class HostShellTree {
    /** Defaults of its containers. */
    public static final ImageConfig CONFIG =
            new ImageConfig(
                    null,
                    List.of("PATH=/bin:/sbin:/usr/bin:/usr/sbin"),
                    null,
                    List.of("sh"),
                    null,
                    null,
                    null,
                    null,
                    null);

    private static final SortedMap<String, byte[]> NO_XATTRS = new TreeMap<>();

    /** A path of the image: a header, and where a file's bytes come from. */
    private record Node(TarEntry entry, Optional<Path> file, byte[] text) {}

    private final SortedMap<String, Node> nodes = new TreeMap<>();
    private final SharedLibraries libraries;
    private Instant newest = Instant.EPOCH;

    private HostShellTree() throws IOException {
        this.libraries = new SharedLibraries();
    }

    /** Looks at the host and decides what the image is made of. */
    public static HostShellTree ofHost() throws IOException {
        return of(Busybox.find());
    }

    /** As on a host without busybox. */
    public static HostShellTree ofPrograms() throws IOException {
        return of(Optional.empty());
    }

    private static HostShellTree of(Optional<Busybox> busybox) throws IOException {
        var tree = new HostShellTree();
        tree.skeleton();
        if (busybox.isPresent()) {
            tree.busybox(busybox.get());
        } else {
            tree.programs();
        }
        return tree;
    }

    /**
     * The modification time of the newest host file in it: a date that does not change by itself.
     */
    public Instant created() {
        return newest;
    }

    private void skeleton() {
        directory("", 0755);
        for (var name : List.of("bin", "dev", "etc", "home", "proc", "sys", "usr", "var")) {
            directory(name, 0755);
        }
        directory("root", 0700);
        directory("tmp", 01777);
        directory("var/tmp", 01777);
        link("sbin", "bin");
        link("usr/bin", "../bin");
        link("usr/sbin", "../bin");
        text(
                "etc/passwd",
                """
                root:x:0:0:root:/root:/bin/sh
                nobody:x:65534:65534:nobody:/:/bin/false
                """);
        text("etc/group", "root:x:0:\nnogroup:x:65534:\n");
        text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    }

    private void busybox(Busybox busybox) throws IOException {
        program("busybox", busybox.program());
        for (var applet : busybox.applets()) {
            if (!applet.equals("busybox")) {
                link("bin/" + applet, "busybox");
            }
        }
        if (!busybox.applets().contains("ip")) {
            program("ip", HostPrograms.find("ip").orElseThrow(() -> missing("ip", "iproute2")));
        }
    }

    private void programs() throws IOException {
        for (var name : HostPrograms.REQUIRED) {
            program(
                    name,
                    HostPrograms.find(name).orElseThrow(() -> missing(name, "busybox-static")));
        }
        for (var name : HostPrograms.WANTED) {
            var program = HostPrograms.find(name);
            if (program.isPresent()) {
                program(name, program.get());
            }
        }
        // glibc before 2.34 loads it when a user's name is looked up.
        var users = libraries.find("libnss_files.so.2");
        if (users.isPresent()) {
            library(users.get());
        }
        if (libraries.needCache() && Files.isRegularFile(Path.of("/etc/ld.so.cache"))) {
            file("etc/ld.so.cache", Path.of("/etc/ld.so.cache"), 0644);
        }
    }

    private static FaultException missing(String name, String debianPackage) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION,
                "the host has neither busybox nor %s: apt-get install %s",
                name,
                debianPackage);
    }

    /** A file of the image's own, for the programs that are scripts, is of no use: ELF only. */
    private void program(String name, Path path) throws IOException {
        if (ElfFile.read(path).isEmpty()) {
            if (HostPrograms.REQUIRED.contains(name)) {
                throw missing(name, "busybox-static");
            }
            return;
        }
        file("bin/" + name, path.toRealPath(), 0755);
        for (var library : libraries.of(path)) {
            library(library);
        }
    }

    private void library(Path path) throws IOException {
        var name = path.toString().substring(1);
        if (!nodes.containsKey(name)) {
            parents(path.getParent());
            file(name, path.toRealPath(), 0755);
        }
    }

    private void parents(Path directory) {
        if (directory == null || directory.getNameCount() == 0) {
            return;
        }
        parents(directory.getParent());
        nodes.computeIfAbsent(
                directory.toString().substring(1),
                name -> node(name, TarEntry.Type.DIRECTORY, 0755, "", 0, Optional.empty()));
    }

    private void directory(String name, int mode) {
        nodes.put(name, node(name, TarEntry.Type.DIRECTORY, mode, "", 0, Optional.empty()));
    }

    private void link(String name, String target) {
        nodes.put(name, node(name, TarEntry.Type.SYMLINK, 0777, target, 0, Optional.empty()));
    }

    private void file(String name, Path path, int mode) throws IOException {
        var modified = Files.getLastModifiedTime(path).toInstant();
        newest = modified.isAfter(newest) ? modified : newest;
        nodes.put(
                name,
                node(name, TarEntry.Type.FILE, mode, "", Files.size(path), Optional.of(path)));
    }

    private void text(String name, String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        var entry = node(name, TarEntry.Type.FILE, 0644, "", bytes.length, Optional.empty());
        nodes.put(name, new Node(entry.entry(), Optional.empty(), bytes));
    }

    private static Node node(
            String name,
            TarEntry.Type type,
            int mode,
            String link,
            long size,
            Optional<Path> file) {
        var entry =
                new TarEntry(
                        name.isEmpty() ? "." : Raw.of(name),
                        type,
                        Raw.of(link),
                        mode,
                        0,
                        0,
                        size,
                        0,
                        0,
                        0,
                        0,
                        NO_XATTRS);
        return new Node(entry, file, new byte[0]);
    }

    /** Writes the tree as a layer. */
    public void writeTo(OutputStream out) throws IOException {
        var tar = new TarWriter(out);
        for (var node : nodes.values()) {
            tar.header(node.entry());
            if (node.file().isPresent()) {
                var bytes = Files.readAllBytes(node.file().get());
                if (bytes.length != node.entry().size()) {
                    throw FaultException.of(
                            FaultCode.FAILED_PRECONDITION,
                            "%s changed while it was read",
                            node.file().get());
                }
                tar.data(bytes, bytes.length);
            } else {
                tar.data(node.text(), node.text().length);
            }
            tar.endData(node.entry().size());
        }
        tar.end();
    }
}
