package dev.gantry.storage.registry;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.storage.content.Descriptor;
import dev.gantry.storage.content.Manifest;
import dev.gantry.storage.kernel.Architecture;

import java.util.Optional;

/** What an image is made for (image-spec image-index.md, "platform"). */
record Platform(String os, String architecture, Optional<String> variant) {
    /** Reads {@code os/architecture[/variant]}; this host's where there is none. */
    static Platform of(Optional<String> text) {
        if (text.isEmpty()) {
            return new Platform("linux", Architecture.goarch(), Optional.empty());
        }
        var words = text.get().split("/");
        var architecture =
                switch (words[1]) {
                    case "x86_64" -> "amd64";
                    case "aarch64" -> "arm64";
                    default -> words[1];
                };
        return new Platform(
                words[0],
                architecture,
                words.length > 2 ? Optional.of(words[2]) : Optional.empty());
    }

    private boolean matches(JsonNode platform) {
        return platform.path("os").asText().equals(os)
                && platform.path("architecture").asText().equals(architecture);
    }

    private boolean isBest(JsonNode platform) {
        var given = platform.path("variant").asText("");
        // arm64 is v8 whether that is said or not.
        return given.equals(variant.orElse(architecture.equals("arm64") ? "v8" : ""))
                || given.isEmpty() && variant.isEmpty();
    }

    /** The entry of an index that suits best: manifest or index. */
    Optional<Descriptor> choose(JsonNode index) {
        Optional<Descriptor> second = Optional.empty();
        for (var entry : index.path("manifests")) {
            var type = entry.path("mediaType").asText("");
            var platform = entry.path("platform");
            boolean suits = platform.isMissingNode() || matches(platform);
            if (!suits || !Manifest.isManifest(type) && !Manifest.isIndex(type)) {
                continue;
            }
            if (!platform.isMissingNode() && isBest(platform)) {
                return Optional.of(Descriptor.parse(entry));
            }
            if (second.isEmpty() && variant.isEmpty()) {
                second = Optional.of(Descriptor.parse(entry));
            }
        }
        return second;
    }

    @Override
    public String toString() {
        return os + "/" + architecture + variant.map(v -> "/" + v).orElse("");
    }
}
