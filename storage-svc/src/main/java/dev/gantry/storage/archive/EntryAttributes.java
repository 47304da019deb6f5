package dev.gantry.storage.archive;

import dev.gantry.bus.contract.Names;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;
import dev.gantry.storage.kernel.StorageKernel;

import java.util.Optional;

/** Gives what was unpacked its owner, mode, extended attributes and time. */
final class EntryAttributes {
    private final StorageKernel kernel;
    private final Notes notes;

    EntryAttributes(StorageKernel kernel, Notes notes) {
        this.kernel = kernel;
        this.notes = notes;
    }

    /** Owner first: chown(2) takes setuid and file capabilities away. */
    void set(TarEntry entry, EntryPath path, Directory in) {
        kernel.fchownat(in.fd(), path.name(), entry.uid(), entry.gid())
                .orThrow("fchownat %s %d:%d", path, entry.uid(), entry.gid());
        if (entry.type() != TarEntry.Type.SYMLINK) {
            kernel.fchmodat(in.fd(), path.name(), entry.mode())
                    .orThrow("fchmodat %s %o", path, entry.mode());
        }
        xattrs(entry, path, in, path.name());
        kernel.utimensat(in.fd(), path.name(), entry.mtimeSeconds(), entry.mtimeNanos())
                .orThrow("utimensat %s", path);
    }

    /** The same of an open directory, once all that is in it is there. */
    void setOpen(TarEntry entry, EntryPath path, Directory directory) {
        kernel.fchownat(directory.fd(), ".", entry.uid(), entry.gid())
                .orThrow("fchownat %s %d:%d", path, entry.uid(), entry.gid());
        xattrs(entry, path, directory, ".");
        kernel.fchmod(directory.fd(), entry.mode()).orThrow("fchmod %s %o", path, entry.mode());
        kernel.utimensat(directory.fd(), ".", entry.mtimeSeconds(), entry.mtimeNanos())
                .orThrow("utimensat %s", path);
    }

    /**
     * A directory that the archive does not list is as in the layers below, or root's, 0755 and of
     * no time: the same archive makes the same tree.
     */
    void setImplied(Optional<FileStat> like, EntryPath path, Directory directory) {
        long uid = like.map(stat -> Integer.toUnsignedLong(stat.uid())).orElse(0L);
        long gid = like.map(stat -> Integer.toUnsignedLong(stat.gid())).orElse(0L);
        kernel.fchownat(directory.fd(), ".", uid, gid).orThrow("fchownat %s %d:%d", path, uid, gid);
        int mode = like.map(FileStat::permissions).orElse(0755);
        kernel.fchmod(directory.fd(), mode).orThrow("fchmod %s %o", path, mode);
        long seconds = like.map(FileStat::mtimeSeconds).orElse(0L);
        int nanos = like.map(FileStat::mtimeNanos).orElse(0);
        kernel.utimensat(directory.fd(), ".", seconds, nanos).orThrow("utimensat %s", path);
    }

    private void xattrs(TarEntry entry, EntryPath path, Directory in, String file) {
        entry.xattrs().forEach((name, value) -> xattr(path, in, file, name, value));
    }

    private void xattr(EntryPath path, Directory in, String file, String name, byte[] value) {
        if (name.startsWith("user.overlay.") || name.startsWith("trusted.")) {
            // They would steer overlayfs to other files of the host.
            throw LayerUnpacker.refuse(path, "has the attribute " + Names.quote(Raw.text(name)));
        }
        if (name.equals("security.capability") || name.startsWith("user.")) {
            kernel.lsetxattr(in.fd(), file, name, value)
                    .orThrow("setxattr %s %s", path, Raw.text(name));
            return;
        }
        notes.add("attribute " + Names.quote(Raw.text(name)) + " of " + path + " was left out");
    }
}
