package dev.gantry.storage;

import dev.gantry.storage.kernel.Directory;

/** Names of file systems by their magic numbers, statfs(2). */
final class FileSystems {
    private FileSystems() {}

    /** That of an open directory. */
    static String of(Directory directory) {
        return name(
                directory.kernel().fstatfs(directory.fd()).orThrow("fstatfs %s", directory.path()));
    }

    private static String name(long magic) {
        return switch ((int) magic) {
            case 0xef53 -> "ext4";
            case 0x58465342 -> "xfs";
            case 0x9123683e -> "btrfs";
            case 0x01021994 -> "tmpfs";
            case 0x794c7630 -> "overlay";
            case 0xf2f52010 -> "f2fs";
            case 0x2fc12fc1 -> "zfs";
            default -> String.format("0x%x", magic);
        };
    }
}
