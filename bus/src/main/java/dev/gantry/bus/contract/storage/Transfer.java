package dev.gantry.bus.contract.storage;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.Fault;

import java.util.List;
import java.util.Optional;

/**
 * How far a transfer is, or how it ended.
 *
 * @param version grows with each change
 * @param parts layers and documents, in the order of the image
 * @param images what came of it, when it is done
 * @param digest of the manifest that was pulled or pushed
 * @param notes what was left out, what is worth saying
 * @param fault why it failed
 */
public record Transfer(
        String id,
        State state,
        long version,
        List<Part> parts,
        List<Image> images,
        Optional<String> digest,
        List<String> notes,
        Optional<Fault> fault) {
    /** Where a transfer is in its life. */
    public enum State {
        RUNNING,
        DONE,
        FAILED,
        CANCELLED
    }

    /** Where a part is. */
    public enum Phase {
        WAITING,
        /** It was here, or there, before. */
        PRESENT,
        MOVING,
        /** All its bytes are here; it is verified and unpacked. */
        UNPACKING,
        /** The registry took it from another of its repositories. */
        MOUNTED,
        COMPLETE
    }

    /**
     * A part.
     *
     * @param id its digest
     * @param bytes that were moved
     * @param size in bytes
     */
    public record Part(String id, Phase phase, long bytes, long size) {}

    /** Absent parts are empty. */
    public Transfer {
        parts = Absent.orEmpty(parts);
        images = Absent.orEmpty(images);
        digest = Absent.orEmpty(digest);
        notes = Absent.orEmpty(notes);
        fault = Absent.orEmpty(fault);
    }
}
