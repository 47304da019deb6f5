package dev.gantry.storage.exchange;

import dev.gantry.bus.contract.storage.Transfer.Phase;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.archive.TarWriter;
import dev.gantry.storage.content.ContentStore;
import dev.gantry.storage.content.Descriptor;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.transfer.Running;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Writes images as one archive. The same images give the same bytes. */
public final class Save {
    private final Images images;
    private final ContentStore content;
    private final Running running;
    private final byte[] buffer = new byte[256 * 1024];

    /** Of these images. */
    public Save(Images images, Running running) {
        this.images = images;
        this.content = images.content();
        this.running = running;
    }

    /** Does it. */
    public void carryOut(TransferOperation.Save save) throws IOException {
        var lease = images.lease();
        try (lease) {
            Map<StoredImage, List<String>> chosen = new LinkedHashMap<>();
            for (var name : save.images()) {
                var image = images.with(name, found -> found);
                var names = chosen.computeIfAbsent(image, i -> new ArrayList<>());
                images.describe(image).references().stream()
                        .filter(reference -> isMeant(name, reference))
                        .filter(reference -> !names.contains(reference))
                        .forEach(names::add);
            }
            for (var image : chosen.keySet()) {
                keep(image);
            }
            try (var socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                running.closing(socket);
                socket.connect(UnixDomainSocketAddress.of(save.socket()));
                var out = new BufferedOutputStream(Channels.newOutputStream(socket), buffer.length);
                var tar = new TarWriter(out);
                switch (save.format()) {
                    case OCI_ARCHIVE -> layout(chosen, tar, out);
                    case DOCKER_ARCHIVE -> docker(chosen, tar, out);
                }
                tar.end();
                out.flush();
            }
        }
    }

    /** A name that was asked for is written down; whoever asks by id gets an image without one. */
    private boolean isMeant(String asked, String reference) {
        return !asked.startsWith("sha256:")
                && !reference.contains("@")
                && images.isSpelling(asked, reference);
    }

    /** What is found stays while the lease is open. */
    private void keep(StoredImage image) throws IOException {
        var blobs = new ArrayList<>(image.manifest().layers());
        blobs.add(image.manifest().config());
        blobs.add(image.descriptor());
        for (var blob : blobs) {
            if (!content.has(blob)) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION,
                        "image %s: its content %s is missing; gantry storage check",
                        image.id(),
                        blob.digest());
            }
        }
        image.manifest()
                .layers()
                .forEach(layer -> running.part(layer.digest(), Phase.WAITING, layer.size()));
    }

    private void layout(Map<StoredImage, List<String>> chosen, TarWriter tar, OutputStream out)
            throws IOException {
        directory(tar, "blobs");
        directory(tar, "blobs/sha256");
        var index = Json.mapper().createObjectNode().put("schemaVersion", 2);
        index.put("mediaType", "application/vnd.oci.image.index.v1+json");
        var manifests = index.putArray("manifests");
        Set<String> written = new HashSet<>();
        for (var entry : chosen.entrySet()) {
            var image = entry.getKey();
            for (var layer : image.manifest().layers()) {
                blob(layer, written, tar, out);
            }
            blob(image.manifest().config(), written, tar, out);
            blob(image.descriptor(), written, tar, out);
            var names = entry.getValue();
            if (names.isEmpty()) {
                manifests.add(image.descriptor().json());
            }
            for (var name : names) {
                var json = image.descriptor().json();
                json.putObject("annotations")
                        .put("io.containerd.image.name", name)
                        .put("org.opencontainers.image.ref.name", name);
                manifests.add(json);
            }
        }
        file(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes());
        file(tar, "index.json", Json.mapper().writeValueAsBytes(index));
    }

    private void blob(Descriptor blob, Set<String> written, TarWriter tar, OutputStream out)
            throws IOException {
        if (!written.add(blob.digest())) {
            return;
        }
        header(tar, "blobs/sha256/" + Digests.hex(blob.digest()), blob.size());
        try (var in = content.open(blob.digest())) {
            copy(in, blob, blob.size(), out);
        }
        tar.endData(blob.size());
        running.phase(blob.digest(), Phase.COMPLETE);
    }

    private void docker(Map<StoredImage, List<String>> chosen, TarWriter tar, OutputStream out)
            throws IOException {
        var list = Json.mapper().createArrayNode();
        Set<String> written = new HashSet<>();
        for (var entry : chosen.entrySet()) {
            var image = entry.getKey();
            var item = list.addObject();
            var config = Digests.hex(image.id()) + ".json";
            item.put("Config", config);
            entry.getValue().forEach(item.putArray("RepoTags")::add);
            var files = item.putArray("Layers");
            for (int i = 0; i < image.layers().size(); i++) {
                var name = Digests.hex(image.layers().get(i).diffId()) + ".tar";
                files.add(name);
                if (written.add(name)) {
                    unpacked(image.manifest().layers().get(i), name, tar, out);
                }
            }
            if (written.add(config)) {
                file(tar, config, content.read(image.id()));
            }
        }
        file(tar, "manifest.json", Json.mapper().writeValueAsBytes(list));
    }

    /**
     * A layer as it is unpacked. Its size has to stand before it, so a packed one is read twice.
     */
    private void unpacked(Descriptor layer, String name, TarWriter tar, OutputStream out)
            throws IOException {
        var compression = Compression.ofMediaType(layer.mediaType());
        long size = layer.size();
        if (compression != Compression.NONE) {
            size = 0;
            try (var in = compression.unpack(content.open(layer.digest()))) {
                for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                    running.check();
                    size += count;
                }
            }
        }
        header(tar, name, size);
        try (var in = compression.unpack(content.open(layer.digest()))) {
            copy(in, layer, size, out);
        }
        tar.endData(size);
        running.phase(layer.digest(), Phase.COMPLETE);
    }

    private void copy(InputStream in, Descriptor part, long size, OutputStream out)
            throws IOException {
        long copied = 0;
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            running.check();
            out.write(buffer, 0, count);
            copied += count;
            running.moved(part.digest(), copied);
        }
        if (copied != size) {
            throw FaultException.of(
                    FaultCode.INTERNAL, "content %s was altered on the disk", part.digest());
        }
    }

    private static void file(TarWriter tar, String name, byte[] bytes) throws IOException {
        header(tar, name, bytes.length);
        tar.data(bytes, bytes.length);
        tar.endData(bytes.length);
    }

    private static void header(TarWriter tar, String name, long size) throws IOException {
        tar.header(entry(name, TarEntry.Type.FILE, 0644, size));
    }

    private static void directory(TarWriter tar, String name) throws IOException {
        tar.header(entry(name, TarEntry.Type.DIRECTORY, 0755, 0));
    }

    private static TarEntry entry(String name, TarEntry.Type type, int mode, long size) {
        return new TarEntry(name, type, "", mode, 0, 0, size, 0, 0, 0, 0, new TreeMap<>());
    }
}
