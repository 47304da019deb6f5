package dev.gantry.storage.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.BuildFiles;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.archive.TarWriter;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes entries of a layer at their places over the layers below: directories that are links there
 * are followed within the image, what is missing above an entry is made, and a directory never
 * replaces a file nor a file a directory.
 */
final class Placement {
    private static final String WHITEOUT = ".wh.";

    private final LayerStack base;
    private final TarWriter tar;
    private final BuildFiles.Owner owner;
    private final long now;
    private final Set<String> made = new HashSet<>();
    private final Map<String, String> real = new HashMap<>();

    /**
     * Over an image.
     *
     * @param owner of directories that are made because they are missing
     * @param now their time, in seconds since the Unix epoch
     */
    Placement(LayerStack base, TarWriter tar, BuildFiles.Owner owner, long now) {
        this.base = base;
        this.tar = tar;
        this.owner = owner;
        this.now = now;
    }

    /** Where a raw path leads, in this layer and those below. */
    String directory(String path) {
        if (path.isEmpty() || made.contains(path)) {
            return path;
        }
        var known = real.get(path);
        if (known != null) {
            return known;
        }
        int slash = path.lastIndexOf('/');
        var above = directory(slash < 0 ? "" : path.substring(0, slash));
        var place = join(above, path.substring(slash + 1));
        if (!made.contains(place) && base.stat(place).filter(FileStat::isSymlink).isPresent()) {
            var found = StackPaths.resolve(base, place);
            place = found.isDirectory() ? found.path() : place;
        }
        real.put(path, place);
        return place;
    }

    static String join(String directory, String name) {
        if (directory.isEmpty() || name.isEmpty()) {
            return directory + name;
        }
        return directory + "/" + name;
    }

    /** Makes a directory and those above it where they are missing; its real path. */
    String make(String path) throws IOException {
        var place = directory(path);
        if (place.isEmpty() || made.contains(place)) {
            return place;
        }
        var stat = base.stat(place);
        if (stat.isPresent()) {
            if (!stat.get().isDirectory()) {
                throw conflict(place, "is not a directory in the image");
            }
            return place;
        }
        int slash = place.lastIndexOf('/');
        make(slash < 0 ? "" : place.substring(0, slash));
        check(place.substring(slash + 1));
        tar.header(
                new TarEntry(
                        place,
                        TarEntry.Type.DIRECTORY,
                        "",
                        0755,
                        owner.uid(),
                        owner.gid(),
                        0,
                        now,
                        0,
                        0,
                        0,
                        new TreeMap<>()));
        made.add(place);
        return place;
    }

    /** Whether a directory is there already, in the image or by this layer. */
    boolean isDirectory(String path) {
        var place = directory(path);
        return place.isEmpty()
                || made.contains(place)
                || base.stat(place).filter(FileStat::isDirectory).isPresent();
    }

    /** Writes the header of an entry; the directory above it is made if it is missing. */
    void put(TarEntry entry) throws IOException {
        int slash = entry.name().lastIndexOf('/');
        var above = make(slash < 0 ? "" : entry.name().substring(0, slash));
        var name = entry.name().substring(slash + 1);
        check(name);
        boolean isDirectory = entry.type() == TarEntry.Type.DIRECTORY;
        var place = isDirectory ? directory(entry.name()) : join(above, name);
        var there = base.stat(place);
        if (there.isPresent() && there.get().isDirectory() != isDirectory) {
            throw conflict(
                    place,
                    isDirectory
                            ? "is not a directory in the image"
                            : "is a directory in the image, not a file");
        }
        boolean followed = isDirectory && !place.equals(join(above, name));
        if (followed) {
            return; // a link to a directory: what is in it goes there, the link stays
        }
        tar.header(
                new TarEntry(
                        place,
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
                        entry.xattrs()));
        if (isDirectory) {
            made.add(place);
        }
    }

    private static void check(String name) {
        if (name.startsWith(WHITEOUT)) {
            throw FaultException.invalid(
                    "%s would be read as a whiteout", Names.quote(Raw.text(name)));
        }
    }

    private static FaultException conflict(String place, String what) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION, "%s %s", Names.quote("/" + Raw.text(place)), what);
    }
}
