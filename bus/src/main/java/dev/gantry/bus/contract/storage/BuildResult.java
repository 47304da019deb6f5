package dev.gantry.bus.contract.storage;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.storage.StorageResult.Image;

import java.util.Optional;

/** The answers of the steps of a build. */
public sealed interface BuildResult {
    /**
     * An image.
     *
     * @param document its configuration (image-spec config.md)
     * @param passwd and {@code group} as {@link StorageResult.Prepared} has them
     */
    record Described(Image image, ObjectNode document, String passwd, String group)
            implements BuildResult {
        /** Absent parts are empty. */
        public Described {
            passwd = Absent.orEmpty(passwd);
            group = Absent.orEmpty(group);
        }
    }

    /** Content by its digest; {@code files} counts what would be added. */
    record Content(String digest, long files) implements BuildResult {}

    /**
     * An image that was made.
     *
     * @param image empty: there was nothing to add
     * @param content digest of what was added, as {@link BuildStep.Digest} has it; empty otherwise
     */
    record Made(Optional<Image> image, String content) implements BuildResult {
        /** Absent parts are empty. */
        public Made {
            image = Absent.orEmpty(image);
            content = Absent.orEmpty(content);
        }
    }

    /** Where something is on the host. */
    record Path(String path) implements BuildResult {}
}
