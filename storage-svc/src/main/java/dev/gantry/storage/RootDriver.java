package dev.gantry.storage;

import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;

import java.nio.file.Path;

/** How the writable root of a container is made of the layers of its image. */
interface RootDriver {
    /** Its name, by which it is configured. */
    String name();

    /** Whether a root is a whole tree of its own, mounted as it is; otherwise overlayfs merges. */
    boolean copies();

    /**
     * Fills the directory of a new snapshot, which has no name yet.
     *
     * @param root the image's root directory
     * @param path where the snapshot will be, for the plan
     */
    void fill(Steps steps, Directory in, StoredImage image, FileStat root, Path path);

    /** Images were removed: what was kept for them may go. */
    void imagesChanged();
}
