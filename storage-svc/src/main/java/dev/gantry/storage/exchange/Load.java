package dev.gantry.storage.exchange;

import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.Transfer.Phase;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.MeteredInput;
import dev.gantry.storage.content.Descriptor;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.LayoutImport;
import dev.gantry.storage.content.LayoutSource;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.transfer.Running;

import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes the images of an archive: an OCI image layout in a tar, or Docker's. A plain file is read
 * where it lies; what is packed, or comes through a socket, goes to the store's own disk first, for
 * what names the layers stands behind them.
 */
public final class Load {
    private static final int MAGIC = 8;

    private final Images images;
    private final StoreFiles files;
    private final LayerLimits limits;

    /** Into these images. */
    public Load(Images images, StoreFiles files, LayerLimits limits) {
        this.images = images;
        this.files = files;
        this.limits = limits;
    }

    /** Does it. */
    public void carryOut(TransferOperation.Load load, Running running) throws IOException {
        Path path;
        try {
            path = Path.of(load.path()).toRealPath();
        } catch (NoSuchFileException e) {
            throw FaultException.of(FaultCode.NOT_FOUND, "no such file: %s", load.path());
        }
        if (Files.isRegularFile(path)) {
            file(path, running);
        } else if (Files.isDirectory(path)) {
            throw FaultException.invalid("%s is a directory: import it", load.path());
        } else {
            try (var socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                running.closing(socket);
                socket.connect(UnixDomainSocketAddress.of(path));
                stream(Channels.newInputStream(socket), Long.MAX_VALUE, running);
            }
        }
    }

    private void file(Path path, Running running) throws IOException {
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            var magic = Channels.newInputStream(channel).readNBytes(MAGIC);
            channel.position(0);
            if (Compression.ofMagic(magic) == Compression.NONE) {
                archive(channel, running);
            } else {
                stream(Channels.newInputStream(channel), channel.size(), running);
            }
        }
    }

    private void stream(InputStream in, long size, Running running) throws IOException {
        var pushback = new PushbackInputStream(in, MAGIC);
        var magic = pushback.readNBytes(MAGIC);
        pushback.unread(magic);
        var compression = Compression.ofMagic(magic);
        var spool = files.fresh("archive");
        try (var channel =
                FileChannel.open(
                        spool,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            // Without a name nothing of it outlives the transfer.
            Files.delete(spool);
            // How far a stream is packed is not known before its end: its size is no bound.
            var bounded =
                    compression == Compression.NONE || size == Long.MAX_VALUE
                            ? new LayerLimits(
                                    limits.maxBytes(), Long.MAX_VALUE, limits.maxBytes(), 0, 0)
                            : limits;
            try (var unpacked =
                    MeteredInput.undigested(compression.unpack(pushback), size, bounded)) {
                var out = Channels.newOutputStream(channel);
                var buffer = new byte[256 * 1024];
                for (int count = unpacked.read(buffer); count >= 0; count = unpacked.read(buffer)) {
                    running.check();
                    out.write(buffer, 0, count);
                }
            }
            archive(channel, running);
        } finally {
            Files.deleteIfExists(spool);
        }
    }

    private void archive(FileChannel channel, Running running) throws IOException {
        var archive = new ArchiveFile(channel);
        var names = new ArrayList<String>();
        var observer = observer(running, names);
        StorageResult.Images taken;
        if (archive.has("index.json") && archive.has("oci-layout")) {
            taken =
                    new LayoutImport(images, layout(archive), observer)
                            .take("archive", Optional.empty());
        } else if (archive.has("manifest.json")) {
            taken = new DockerArchive(archive).take(images, observer);
        } else {
            throw FaultException.invalid(
                    "archive: neither index.json with oci-layout nor manifest.json is in it; a root"
                            + " file system is for import");
        }
        taken.notes().forEach(running::note);
        taken.images().forEach(image -> running.image(called(image, names)));
    }

    /** With the names that the archive gave it, whatever others it has. */
    private Image called(Image image, List<String> names) {
        return new Image(
                image.id(),
                image.digest(),
                image.references().stream()
                        .filter(known -> names.stream().anyMatch(n -> images.isSpelling(n, known)))
                        .toList(),
                image.os(),
                image.architecture(),
                image.created(),
                image.sizeBytes(),
                image.layers(),
                image.config(),
                image.author(),
                image.intermediate());
    }

    private static LayoutSource layout(ArchiveFile archive) {
        return new LayoutSource() {
            @Override
            public byte[] read(String name, int most) throws IOException {
                return archive.read(name, most);
            }

            @Override
            public InputStream blob(String digest) {
                return archive.open("blobs/sha256/" + Digests.hex(digest));
            }
        };
    }

    private static LayoutImport.Observer observer(Running running, List<String> names) {
        return new LayoutImport.Observer() {
            @Override
            public void image(List<String> called, List<Descriptor> layers) {
                names.addAll(called);
                for (var layer : layers) {
                    running.part(layer.digest(), Phase.WAITING, layer.size());
                }
            }

            @Override
            public void moved(Descriptor blob, long bytes) {
                running.check();
                running.moved(blob.digest(), bytes);
            }

            @Override
            public void arrived(Descriptor blob) {
                running.phase(blob.digest(), Phase.COMPLETE);
            }
        };
    }
}
