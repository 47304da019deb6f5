package dev.gantry.storage.testing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.luben.zstd.Zstd;

import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.kernel.Architecture;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPOutputStream;

/** Writes OCI image layouts with one image, honest or not. */
public final class OciLayout {
    private final Path path;
    private final List<byte[]> blobs = new ArrayList<>();
    private final List<String> mediaTypes = new ArrayList<>();
    private final List<String> diffIds = new ArrayList<>();
    private boolean altered;
    private boolean manifestsToo;
    private String configDigest = "";
    private UnaryOperator<String> manifestChange = UnaryOperator.identity();
    private UnaryOperator<String> indexChange = UnaryOperator.identity();

    /** Into a new directory. */
    public OciLayout(Path path) {
        this.path = path;
    }

    /** A layer that is not packed. */
    public OciLayout layer(byte[] tar) {
        return add(tar, tar, Compression.NONE);
    }

    /** A layer packed by gzip. */
    public OciLayout gzipLayer(byte[] tar) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(packed)) {
            gzip.write(tar);
        }
        return add(tar, packed.toByteArray(), Compression.GZIP);
    }

    /** A layer packed by zstd. */
    public OciLayout zstdLayer(byte[] tar) {
        return add(tar, Zstd.compress(tar), Compression.ZSTD);
    }

    /** A layer as it is packed, of a tar that its bytes may or may not be. */
    public OciLayout packedLayer(byte[] packed, Compression compression, byte[] tar) {
        return add(tar, packed, compression);
    }

    /** What becomes of the manifest before it is written. */
    public OciLayout manifest(UnaryOperator<String> change) {
        manifestChange = change;
        return this;
    }

    /** What becomes of the index before it is written. */
    public OciLayout index(UnaryOperator<String> change) {
        indexChange = change;
        return this;
    }

    /** A further blob; its digest. */
    public String blob(byte[] content) throws IOException {
        Files.createDirectories(path.resolve("blobs/sha256"));
        var digest = Digests.of(content);
        Files.write(path.resolve("blobs/sha256").resolve(Digests.hex(digest)), content);
        return digest;
    }

    private OciLayout add(byte[] tar, byte[] packed, Compression compression) {
        blobs.add(packed);
        mediaTypes.add(compression.mediaType());
        diffIds.add(Digests.of(tar));
        return this;
    }

    /** The configuration says this of the last layer. */
    public OciLayout diffId(String diffId) {
        diffIds.set(diffIds.size() - 1, diffId);
        return this;
    }

    /** The last layer's bytes are not those of its digest. */
    public OciLayout alteredBlob() {
        altered = true;
        return this;
    }

    /** The manifest is an index as well. */
    public OciLayout manifestsToo() {
        manifestsToo = true;
        return this;
    }

    /** The manifest names this configuration. */
    public OciLayout configDigest(String digest) {
        configDigest = digest;
        return this;
    }

    /** Writes it all; the name is its one manifest's. */
    public Path write(String name) throws IOException {
        Files.createDirectories(path.resolve("blobs/sha256"));
        Files.writeString(path.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        var json = Json.mapper();
        var config = json.createObjectNode().put("os", "linux");
        config.put("architecture", Architecture.goarch());
        var ids = config.putObject("rootfs").put("type", "layers").putArray("diff_ids");
        diffIds.forEach(ids::add);
        var manifest = json.createObjectNode().put("schemaVersion", 2);
        var describedConfig =
                describe(
                        "application/vnd.oci.image.config.v1+json",
                        config.toString().getBytes(StandardCharsets.UTF_8),
                        false);
        if (!configDigest.isEmpty()) {
            describedConfig.put("digest", configDigest);
        }
        manifest.set("config", describedConfig);
        var layers = manifest.putArray("layers");
        for (int i = 0; i < blobs.size(); i++) {
            boolean alter = altered && i == blobs.size() - 1;
            layers.add(describe(mediaTypes.get(i), blobs.get(i), alter));
        }
        if (manifestsToo) {
            manifest.putArray("manifests");
        }
        var index = json.createObjectNode().put("schemaVersion", 2);
        var entry =
                describe(
                        "application/vnd.oci.image.manifest.v1+json",
                        manifestChange.apply(manifest.toString()).getBytes(StandardCharsets.UTF_8),
                        false);
        entry.putObject("annotations").put("org.opencontainers.image.ref.name", name);
        index.putArray("manifests").add(entry);
        Files.writeString(path.resolve("index.json"), indexChange.apply(index.toString()));
        return path;
    }

    private ObjectNode describe(String mediaType, byte[] content, boolean alter)
            throws IOException {
        var digest = Digests.of(content);
        var stored = content.clone();
        if (alter) {
            stored[stored.length / 2] ^= 1;
        }
        Files.write(path.resolve("blobs/sha256").resolve(Digests.hex(digest)), stored);
        return Json.mapper()
                .createObjectNode()
                .put("mediaType", mediaType)
                .put("digest", digest)
                .put("size", content.length);
    }
}
