package dev.gantry.cgroup;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.controller.FreezerFile;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.kernel.CgroupKernel;
import dev.gantry.cgroup.v1.Freezer;

import java.time.Duration;
import java.util.List;

/** Freezes and thaws, in the v1 hierarchy if there is one, else by cgroup2. */
final class Freezing {
    static final Duration PATIENCE = Duration.ofSeconds(2);

    private final CgroupKernel kernel;
    private final Hierarchies hierarchies;

    Freezing(CgroupKernel kernel, Hierarchies hierarchies) {
        this.kernel = kernel;
        this.hierarchies = hierarchies;
    }

    private record Place(String path, FreezerFile file) {
        Change.Write write(Setting setting) {
            return new Change.Write(path + "/" + setting.file(), setting.value());
        }
    }

    private Place place(String id) {
        return hierarchies
                .of("freezer")
                .map(tree -> new Place(tree.path(id), new Freezer()))
                .or(
                        () ->
                                hierarchies
                                        .unified()
                                        .filter(tree -> tree.offered().contains("cgroup.freeze"))
                                        .map(
                                                tree ->
                                                        new Place(
                                                                tree.path(id),
                                                                new dev.gantry.cgroup.v2
                                                                        .Freezer())))
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.UNSUPPORTED,
                                        "neither freezer.state nor cgroup.freeze on this host"));
    }

    List<PlanStep> freeze(String id) {
        var place = place(id);
        var changes = new Changes(kernel);
        var write = place.write(place.file().freeze());
        changes.require(write);
        boolean frozen =
                Patience.until(
                        PATIENCE,
                        () -> {
                            if (frozen(place)) {
                                return true;
                            }
                            if (place.file().writeAgain()) {
                                kernel.write(write.path(), write.value())
                                        .orThrow("%s", write.words());
                            }
                            return false;
                        });
        if (!frozen) {
            changes.require(place.write(place.file().thaw()));
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "%s: not frozen after %d s (a process sleeps uninterruptibly); thawed again",
                    write.words(),
                    PATIENCE.toSeconds());
        }
        return changes.steps();
    }

    List<PlanStep> thaw(String id) {
        var place = place(id);
        var changes = new Changes(kernel);
        var write = place.write(place.file().thaw());
        changes.require(write);
        if (!Patience.until(PATIENCE, () -> !frozen(place))) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "%s: still frozen after %d s",
                    write.words(),
                    PATIENCE.toSeconds());
        }
        return changes.steps();
    }

    /** Tasks in a frozen v1 group die only when thawed; those of cgroup2 die frozen. */
    void release(String id, Changes changes) {
        hierarchies
                .of("freezer")
                .map(tree -> new Place(tree.path(id), new Freezer()))
                .filter(place -> !kernel.read(stateFile(place)).text().startsWith("THAWED"))
                .ifPresent(place -> changes.require(place.write(place.file().thaw())));
    }

    private boolean frozen(Place place) {
        return place.file().frozen(kernel.read(stateFile(place)).text());
    }

    private static String stateFile(Place place) {
        return place.path() + "/" + place.file().stateFile();
    }
}
