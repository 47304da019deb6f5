package dev.gantry.storage.content;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An image manifest (image-spec manifest.md, or Docker's schema 2), as a stranger wrote it. */
public record Manifest(Descriptor config, List<Descriptor> layers) {
    /** Media type of OCI's manifests, which this store writes. */
    public static final String MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json";

    /** Media type of OCI's configurations. */
    public static final String CONFIG_MEDIA_TYPE = "application/vnd.oci.image.config.v1+json";

    /** What overlayfs takes below an upper directory (Linux, fs/overlayfs OVL_MAX_STACK). */
    public static final int MAX_LAYERS = 500;

    /** Largest manifest, index or configuration that is read. */
    public static final int MAX_DOCUMENT = 4 << 20;

    private static final Set<String> MANIFESTS =
            Set.of(MEDIA_TYPE, "application/vnd.docker.distribution.manifest.v2+json");
    private static final Set<String> INDEXES =
            Set.of(
                    "application/vnd.oci.image.index.v1+json",
                    "application/vnd.docker.distribution.manifest.list.v2+json");

    /** Media types of what a registry names by a tag: manifests and indexes. */
    public static final Set<String> MEDIA_TYPES =
            Stream.concat(MANIFESTS.stream(), INDEXES.stream())
                    .sorted()
                    .collect(Collectors.toCollection(LinkedHashSet::new));

    private static final Set<String> CONFIGS =
            Set.of(CONFIG_MEDIA_TYPE, "application/vnd.docker.container.image.v1+json");

    /** Layers never change. */
    public Manifest {
        layers = List.copyOf(layers);
    }

    /** Whether a media type is a manifest's. */
    public static boolean isManifest(String mediaType) {
        return MANIFESTS.contains(mediaType);
    }

    /** Whether a media type is an index's. */
    public static boolean isIndex(String mediaType) {
        return INDEXES.contains(mediaType);
    }

    /** Reads a manifest; what could be taken for something else too is refused (row 22). */
    public static Manifest parse(byte[] bytes, String mediaType) {
        return parse(document(bytes, "manifest"), mediaType);
    }

    private static Manifest parse(JsonNode json, String mediaType) {
        requireType(json, mediaType);
        if (json.has("manifests") || json.has("fsLayers")) {
            throw FaultException.invalid("manifest: is an index or a schema 1 manifest as well");
        }
        var layers = new ArrayList<Descriptor>();
        if (!json.path("layers").isArray()) {
            throw FaultException.invalid("manifest: no layers");
        }
        if (json.path("layers").size() > MAX_LAYERS) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "manifest: %d layers, overlayfs takes %d",
                    json.path("layers").size(),
                    MAX_LAYERS);
        }
        for (var layer : json.path("layers")) {
            layers.add(Descriptor.parse(layer));
        }
        var config = Descriptor.parse(json.path("config"));
        if (!CONFIGS.contains(config.mediaType())) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "manifest: a configuration of media type %s",
                    Names.quote(config.mediaType()));
        }
        return new Manifest(config, layers);
    }

    /** The media type of a manifest by what is in it; empty if it is none. */
    static Optional<String> mediaType(byte[] bytes) {
        if (bytes.length == 0 || bytes[0] != '{') {
            return Optional.empty();
        }
        try {
            var json = document(bytes, "blob");
            var mediaType = json.path("mediaType").asText(MEDIA_TYPE);
            parse(json, mediaType);
            return Optional.of(mediaType).filter(Manifest::isManifest);
        } catch (FaultException e) {
            return Optional.empty(); // It is something else, a configuration for example.
        }
    }

    /** Checks what a document says of itself against what its descriptor says of it. */
    public static void requireType(JsonNode json, String mediaType) {
        if (json.path("schemaVersion").asInt() != 2) {
            throw FaultException.invalid("%s: schemaVersion is not 2", mediaType);
        }
        var own = json.path("mediaType");
        if (!own.isMissingNode() && !mediaType.equals(own.textValue())) {
            throw FaultException.invalid(
                    "a document of media type %s says that it is %s", mediaType, own);
        }
    }

    /** Parses JSON of a stranger: an object, or a fault. */
    public static JsonNode document(byte[] bytes, String what) {
        try {
            // Strictly UTF-8: a parser that guesses could understand it otherwise than the next
            // one.
            var json =
                    Json.mapper()
                            .readTree(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
            if (json == null || !json.isObject()) {
                throw FaultException.invalid("%s: not a JSON object", what);
            }
            return json;
        } catch (JsonProcessingException e) {
            throw new FaultException(
                    FaultException.invalid("%s: %s", what, e.getOriginalMessage()).fault(), e);
        } catch (CharacterCodingException e) {
            throw new FaultException(FaultException.invalid("%s: not UTF-8", what).fault(), e);
        }
    }

    /** As it is stored: always the same bytes. */
    public byte[] bytes() {
        var json = Json.mapper().createObjectNode();
        json.put("schemaVersion", 2);
        json.put("mediaType", MEDIA_TYPE);
        json.set("config", config.json());
        var array = json.putArray("layers");
        layers.forEach(layer -> array.add(layer.json()));
        return json.toString().getBytes(UTF_8);
    }
}
