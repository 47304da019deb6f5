package dev.gantry.cgroup;

import dev.gantry.cgroup.controller.BlockDevices;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.kernel.RecordingKernel;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A group as a test says it is: {@code file=value}, {@code ../file=value} for the one above. */
final class RecordedGroup implements Group {
    private final Map<String, String> files = new HashMap<>();
    private final Set<String> absent = new HashSet<>();

    RecordedGroup(String... content) {
        for (var line : content) {
            int equals = line.indexOf('=');
            files.put(line.substring(0, equals), line.substring(equals + 1));
        }
    }

    RecordedGroup without(String file) {
        absent.add(file);
        return this;
    }

    @Override
    public boolean offers(String file) {
        return !absent.contains(file);
    }

    @Override
    public Optional<String> read(String file) {
        return Optional.ofNullable(files.get(file));
    }

    @Override
    public Optional<String> parent(String file) {
        return read("../" + file);
    }

    @Override
    public BlockDevices blockDevices() {
        return new BlockDevices(new RecordingKernel());
    }
}
