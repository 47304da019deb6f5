package dev.gantry.storage.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A file system of the test's own, mounted for as long as it is open. */
public final class LoopFileSystem implements AutoCloseable {
    private static final long SIZE = 512L << 20;

    private final Path directory;
    private final Path mountPoint;
    private final String type;
    private int count;

    private LoopFileSystem(Path directory, String type) throws IOException {
        this.directory = directory;
        this.type = type;
        this.mountPoint = Files.createDirectory(directory.resolve("mount"));
    }

    /** One in a file, made by a command to which the file's name is added. */
    public static LoopFileSystem mount(String type, String... mkfs)
            throws IOException, InterruptedException {
        var disk = new LoopFileSystem(Files.createTempDirectory("gantry-disk"), type);
        var image = disk.image();
        try (var file = new java.io.RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(SIZE);
        }
        var command = new ArrayList<>(List.of(mkfs));
        command.add(image.toString());
        Shell.run(command.toArray(String[]::new));
        disk.mountImage();
        return disk;
    }

    private Path image() {
        return directory.resolve("image");
    }

    private void mountImage() throws IOException, InterruptedException {
        Shell.run("mount", "-t", type, "-o", "loop", image().toString(), mountPoint.toString());
    }

    /** From now on nothing reaches the disk (ioctl EXT4_IOC_SHUTDOWN, without flushing the log). */
    public void losePower() throws IOException, InterruptedException {
        Shell.run(
                "python3",
                "-c",
                "import fcntl, os, struct, sys;"
                        + " fcntl.ioctl(os.open(sys.argv[1], 0), 0x8004587d, struct.pack('I', 2))",
                mountPoint.toString());
    }

    /** As after the next boot. */
    public void mountAgain() throws IOException, InterruptedException {
        Shell.run("umount", mountPoint.toString());
        mountImage();
    }

    /** An overlay, on which no overlay can write. */
    public static LoopFileSystem overlay() throws IOException, InterruptedException {
        var disk = new LoopFileSystem(Files.createTempDirectory("gantry-disk"), "overlay");
        for (var name : List.of("lower", "upper", "work")) {
            Files.createDirectory(disk.directory.resolve(name));
        }
        Shell.run(
                "sh",
                "-c",
                "cd "
                        + disk.directory
                        + "; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work"
                        + " overlay mount");
        return disk;
    }

    /** Other users may pass through to it. */
    public void open() throws IOException, InterruptedException {
        Shell.run("chmod", "0711", directory.toString());
    }

    /** A new directory on it. */
    public Path fresh() throws IOException {
        return Files.createDirectory(mountPoint.resolve("d" + count++));
    }

    /** Bytes in use, all written out. */
    public long used() throws IOException, InterruptedException {
        Shell.run("sync", "-f", mountPoint.toString());
        var lines = Shell.run("df", "-B1", "--output=used", mountPoint.toString()).lines().toList();
        return Long.parseLong(lines.getLast().strip());
    }

    @Override
    public void close() throws IOException {
        try {
            // The last descriptor may be closed later: until then the loop device stays.
            Shell.run("umount", "-l", mountPoint.toString());
            Shell.run("rm", "-rf", directory.toString());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
