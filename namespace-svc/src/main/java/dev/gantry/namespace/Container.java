package dev.gantry.namespace;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A container: its init, its record, and the further processes that were started in it. */
final class Container {
    private final String id;
    private final ShimProcess init;
    private final Optional<ContainerRecord> record;
    private final LaunchReport report = new LaunchReport();
    private final Map<String, ShimProcess> sessions = new ConcurrentHashMap<>();

    Container(String id, ShimProcess init, Optional<ContainerRecord> record) {
        this.id = id;
        this.init = init;
        this.record = record;
    }

    String id() {
        return id;
    }

    ShimProcess init() {
        return init;
    }

    /** Empty for a container that was being made when an earlier service was killed. */
    Optional<ContainerRecord> record() {
        return record;
    }

    /** What was done to launch its init. */
    LaunchReport report() {
        return report;
    }

    Map<String, ShimProcess> sessions() {
        return sessions;
    }

    /** Init and sessions. */
    List<ShimProcess> processes() {
        var all = new ArrayList<>(sessions.values());
        all.add(init);
        return all;
    }
}
