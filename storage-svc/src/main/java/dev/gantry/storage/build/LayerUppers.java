package dev.gantry.storage.build;

import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.kernel.Directory;

/** What a container has changed, for who makes a layer of it. */
public interface LayerUppers {
    /** Uses it. */
    interface Use<R> {
        /**
         * Is given a container's changes.
         *
         * @param upper the directory of what it changed, in overlayfs' form
         * @param below the layers of its image
         */
        R of(String image, Directory upper, LayerStack below);
    }

    /** Uses the changes of a container, which has ended. */
    <R> R with(String containerId, Use<R> use);
}
