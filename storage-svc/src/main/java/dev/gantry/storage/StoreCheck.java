package dev.gantry.storage;

import dev.gantry.bus.contract.storage.StorageResult.Checked;
import dev.gantry.bus.contract.storage.StorageResult.Finding;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.Layer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The whole store, checked as fsck(8) checks a file system. */
final class StoreCheck {
    private final Images images;
    private final ImageSnapshotter snapshotter;
    private final Volumes volumes;
    private final List<Finding> findings = new ArrayList<>();

    StoreCheck(Images images, ImageSnapshotter snapshotter, Volumes volumes) {
        this.images = images;
        this.snapshotter = snapshotter;
        this.volumes = volumes;
    }

    Checked run(boolean repair, Optional<List<String>> running) {
        var containers = snapshotter.containers();
        containers.forEach(
                id ->
                        snapshotter
                                .problem(id)
                                .ifPresent(
                                        what ->
                                                findings.add(
                                                        new Finding(
                                                                "snapshot",
                                                                id,
                                                                what,
                                                                "remove the container",
                                                                false))));
        var content = images.check(repair, mounted(running.orElse(containers)));
        findings.addAll(content.findings());
        long stored = volumes.check(repair, findings);
        return new Checked(content.blobs(), content.layers(), containers.size(), stored, findings);
    }

    /** Chain ids of the layers on which these containers stand. */
    private Set<String> mounted(List<String> containers) {
        var mounted = new HashSet<String>();
        for (var id : containers) {
            try {
                snapshotter.layers(id).stream().map(Layer::chainId).forEach(mounted::add);
            } catch (FaultException e) {
                // Its snapshot is among the findings, or was removed: it stands on nothing.
            }
        }
        return mounted;
    }
}
