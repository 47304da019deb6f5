package dev.gantry.storage.build;

import dev.gantry.bus.contract.storage.BuildFiles;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.archive.TarWriter;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** Digests files that a build adds, or writes them as a layer over an image. */
final class FileAdding {
    private static final BuildFiles.Owner ROOT = new BuildFiles.Owner(0, 0);
    private static final int INLINE_MODE = 0644;

    private final BuildFiles files;
    private final Optional<SourceFiles> source;
    private final FileReader reader;
    private final List<SourceFiles.Item> items;
    private final ContentDigest digest = new ContentDigest();

    /**
     * Finds the files.
     *
     * @param source the tree that they come from; empty where there are none but inline ones
     */
    FileAdding(BuildFiles files, Optional<LayerStack> source, LayerLimits limits) {
        this.files = files;
        this.reader = new FileReader(files, limits);
        this.source = source.map(stack -> over(stack, files));
        this.items = this.source.map(found -> found.find(files.paths())).orElse(List.of());
    }

    private static SourceFiles over(LayerStack stack, BuildFiles files) {
        var origin = files.source().orElseThrow();
        return switch (origin) {
            case BuildFiles.Context(var path, var ignored) ->
                    new SourceFiles(stack, "the context", ignored, files.excludes());
            case BuildFiles.FromImage(var image) ->
                    new SourceFiles(stack, image, List.of(), files.excludes());
        };
    }

    /** The digest of all of them. */
    ContentDigest digest() {
        for (var inline : files.inline()) {
            digestInline(inline);
        }
        for (var item : items) {
            walk(item, (in, name, path, stat) -> digest(item, in, name, path, stat));
        }
        return digest;
    }

    private void walk(SourceFiles.Item item, SourceFiles.Visitor visitor) {
        source.orElseThrow()
                .walk(
                        item,
                        (in, name, path, stat) -> {
                            if (stat.type() != FileStat.SOCKET) {
                                visitor.visit(in, name, path, stat);
                            }
                        });
    }

    private void digestInline(BuildFiles.Inline inline) {
        digest.file();
        digest.text(inline.name());
        digest.text(inline.content());
        digest.number(files.mode().orElse(INLINE_MODE));
        digest.number(files.owner().orElse(ROOT).uid());
        digest.number(files.owner().orElse(ROOT).gid());
    }

    private TarEntry digest(
            SourceFiles.Item item, Directory in, String name, String path, FileStat stat)
            throws IOException {
        var entry = head(item, in, name, path, stat);
        if (entry.type() == TarEntry.Type.FILE) {
            reader.read(in, name, entry.size(), digest::content);
        }
        return entry;
    }

    /** All of a file but its content goes into the digest. */
    private TarEntry head(
            SourceFiles.Item item, Directory in, String name, String path, FileStat stat) {
        var entry = reader.entry(in, name, path, stat);
        digest.file();
        digest.raw(item.asked());
        digest.raw(path);
        digest.text(entry.type().name());
        digest.raw(entry.link());
        digest.number(entry.mode());
        digest.number(entry.uid());
        digest.number(entry.gid());
        digest.number(entry.xattrs().size());
        entry.xattrs()
                .forEach(
                        (key, value) -> {
                            digest.raw(key);
                            digest.bytes(value);
                        });
        digest.number(entry.size());
        return entry;
    }

    /** The raw name of the only file, where there is one and it is no directory. */
    Optional<String> onlyFile() {
        boolean one = items.size() == 1 && files.inline().isEmpty();
        return one && !items.getFirst().stat().isDirectory()
                ? Optional.of(items.getFirst().name())
                : Optional.empty();
    }

    /** Whether nothing would be added: a directory that is there already. */
    boolean isNothing(LayerStack base) {
        return items.isEmpty()
                && files.inline().isEmpty()
                && StackPaths.resolve(base, Raw.of(files.destination())).isDirectory();
    }

    /**
     * Writes them as a layer.
     *
     * @param now the time of directories that are made, and of inline files
     * @param latest no file is younger
     * @return the digest of what was written, as {@link #digest} has it
     */
    String writeTo(OutputStream out, LayerStack base, long now, long latest) throws IOException {
        var tar = new TarWriter(out, latest);
        var owner = files.owner().orElse(ROOT);
        var placement = new Placement(base, tar, owner, now);
        var archives = new ArchiveAdding(placement, tar, reader, files.owner());
        var destination = StackPaths.resolve(base, Raw.of(files.destination()));
        boolean directory =
                files.destination().endsWith("/")
                        || files.destination().endsWith("/.")
                        || items.size() + files.inline().size() != 1
                        || destination.isDirectory();
        if (directory) {
            placement.make(destination.path());
        }
        for (var inline : files.inline()) {
            inline(
                    tar,
                    placement,
                    directory
                            ? Placement.join(destination.path(), Raw.of(inline.name()))
                            : destination.path(),
                    inline,
                    now);
        }
        for (var item : items) {
            var root = root(item, destination.path(), directory);
            walk(
                    item,
                    (in, name, path, stat) ->
                            add(
                                    tar,
                                    placement,
                                    archives,
                                    item,
                                    destination.path(),
                                    root,
                                    in,
                                    name,
                                    path,
                                    stat));
        }
        tar.end();
        return digest.digest();
    }

    /** Where an item goes: the content of a directory into the destination, a file below it. */
    private String root(SourceFiles.Item item, String destination, boolean directory) {
        var below = files.parents() ? Placement.join(destination, item.parent()) : destination;
        if (item.stat().isDirectory()) {
            return files.parents() ? Placement.join(below, item.name()) : below;
        }
        return directory || files.parents() ? Placement.join(below, item.name()) : below;
    }

    private void add(
            TarWriter tar,
            Placement placement,
            ArchiveAdding archives,
            SourceFiles.Item item,
            String destination,
            String root,
            Directory in,
            String name,
            String path,
            FileStat stat)
            throws IOException {
        if (files.unpack()
                && path.isEmpty()
                && stat.isRegular()
                && ArchiveAdding.isArchive(in, name)) {
            digest(item, in, name, path, stat);
            archives.add(in, name, destination);
            return; // into the destination, which is a directory then
        }
        var place = Placement.join(root, path);
        var entry = head(item, in, name, path, stat);
        if (entry.type() == TarEntry.Type.DIRECTORY
                && path.isEmpty()
                && placement.isDirectory(place)) {
            return; // a directory that is there keeps its mode and its owner
        }
        placement.put(renamed(entry, place));
        if (entry.type() == TarEntry.Type.FILE) {
            reader.read(
                    in,
                    name,
                    entry.size(),
                    (buffer, length) -> {
                        digest.content(buffer, length);
                        tar.data(buffer, length);
                    });
            tar.endData(entry.size());
        }
    }

    private void inline(
            TarWriter tar, Placement placement, String place, BuildFiles.Inline inline, long now)
            throws IOException {
        var bytes = inline.content().getBytes(StandardCharsets.UTF_8);
        digestInline(inline);
        var owner = files.owner().orElse(ROOT);
        reader.count(bytes.length);
        placement.put(
                new TarEntry(
                        place,
                        TarEntry.Type.FILE,
                        "",
                        files.mode().orElse(INLINE_MODE),
                        owner.uid(),
                        owner.gid(),
                        bytes.length,
                        now,
                        0,
                        0,
                        0,
                        new TreeMap<>()));
        tar.data(bytes, bytes.length);
        tar.endData(bytes.length);
    }

    private static TarEntry renamed(TarEntry entry, String name) {
        return new TarEntry(
                name,
                entry.type(),
                entry.link(),
                entry.mode(),
                entry.uid(),
                entry.gid(),
                entry.size(),
                entry.mtimeSeconds(),
                entry.mtimeNanos(),
                0,
                0,
                entry.xattrs());
    }
}
