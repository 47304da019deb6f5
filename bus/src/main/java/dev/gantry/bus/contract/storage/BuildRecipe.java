package dev.gantry.bus.contract.storage;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What is to be said of an image that a build makes.
 *
 * @param base digest of the manifest of the image below; empty: nothing is below
 * @param config {@code config} of the new image's configuration (image-spec config.md), as a whole
 * @param steps {@code created_by} of the history's new lines that made no layer, oldest first
 * @param createdBy of the new layer's line, which comes after them
 * @param createdSeconds since the Unix epoch; {@code createdNanos} beyond them
 * @param latestSeconds no file of the new layer is younger than this
 * @param reference a name for it
 * @param platform {@code os/architecture[/variant]} of an image that has nothing below; empty: the
 *     host's
 */
public record BuildRecipe(
        Optional<String> base,
        ObjectNode config,
        List<String> steps,
        String createdBy,
        String author,
        long createdSeconds,
        int createdNanos,
        Optional<Long> latestSeconds,
        Optional<String> reference,
        Optional<String> platform) {
    private static final long LAST_SECOND = 253_402_300_799L;

    /** Checks digest, name and time; absent parts are empty. */
    public BuildRecipe {
        base = Absent.orEmpty(base);
        base.ifPresent(Names::checkDigest);
        Objects.requireNonNull(config, "config");
        steps = Absent.orEmpty(steps);
        createdBy = Absent.orEmpty(createdBy);
        author = Absent.orEmpty(author);
        latestSeconds = Absent.orEmpty(latestSeconds);
        reference = Absent.orEmpty(reference);
        reference.ifPresent(References::check);
        platform = TransferOperation.checkPlatform(platform);
        if (createdSeconds < 0 || createdSeconds > LAST_SECOND) {
            throw FaultException.invalid(
                    "time %d is not within 0..%d", createdSeconds, LAST_SECOND);
        }
        if (createdNanos < 0 || createdNanos > 999_999_999) {
            throw FaultException.invalid("%d is no part of a second", createdNanos);
        }
    }
}
