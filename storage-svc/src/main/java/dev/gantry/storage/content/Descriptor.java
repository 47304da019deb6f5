package dev.gantry.storage.content;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

/**
 * Names content (image-spec descriptor.md). The digest is checked before it becomes part of any
 * path (security.md row 22).
 */
public record Descriptor(String mediaType, String digest, long size) {
    /** Checks digest and size. */
    public Descriptor {
        Names.checkDigest(digest);
        if (mediaType == null || mediaType.isEmpty() || mediaType.length() > 255) {
            throw FaultException.invalid("descriptor of %s: no media type", digest);
        }
        if (size < 0) {
            throw FaultException.invalid("descriptor of %s: size %d", digest, size);
        }
    }

    /** Reads a descriptor of a stranger's. */
    public static Descriptor parse(JsonNode node) {
        var size = node.path("size");
        if (!size.isIntegralNumber() || !size.canConvertToLong()) {
            throw FaultException.invalid("descriptor: size is not a whole number");
        }
        return new Descriptor(
                node.path("mediaType").textValue(),
                node.path("digest").textValue(),
                size.longValue());
    }

    /** As it stands in a manifest. */
    public ObjectNode json() {
        return Json.mapper()
                .createObjectNode()
                .put("mediaType", mediaType)
                .put("digest", digest)
                .put("size", size);
    }
}
