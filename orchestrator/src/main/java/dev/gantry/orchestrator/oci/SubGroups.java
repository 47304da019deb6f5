package dev.gantry.orchestrator.oci;

import dev.gantry.bus.fault.FaultException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * What {@code exec --cgroup [CONTROLLER[,CONTROLLER…]:]PATH} asks for, as runc takes it: groups
 * beneath the container's, which are there already; without controllers, in every hierarchy.
 */
final class SubGroups {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    private SubGroups() {}

    /**
     * The directories that the process is to be in instead of the container's own.
     *
     * @param own the container's, one in each hierarchy
     */
    static List<String> of(List<String> own, List<String> asked) {
        var out = new LinkedHashMap<String, Path>();
        for (var option : asked) {
            int colon = option.indexOf(':');
            var path = option.substring(colon + 1);
            if (colon < 0) {
                own.forEach(group -> out.put(group, beneath(group, path)));
                continue;
            }
            for (var controller : option.substring(0, colon).split(",", -1)) {
                var group = hierarchy(own, controller);
                out.put(group, beneath(group, path));
            }
        }
        var changed = new ArrayList<String>();
        out.forEach(
                (group, directory) -> {
                    if (!directory.equals(Path.of(group))) {
                        changed.add(present(directory));
                    }
                });
        return changed;
    }

    private static Path beneath(String group, String path) {
        var directory = Path.of(group + "/" + path).normalize();
        if (path.isEmpty() || !directory.startsWith(group)) {
            throw FaultException.invalid("exec --cgroup: %s is not a sub cgroup path", path);
        }
        return directory;
    }

    /**
     * The container's group where a controller is; its directory below the mount bears the names.
     */
    private static String hierarchy(List<String> own, String controller) {
        return own.stream()
                .filter(group -> Path.of(group).startsWith(CGROUPS))
                .filter(
                        group ->
                                List.of(
                                                CGROUPS.relativize(Path.of(group))
                                                        .getName(0)
                                                        .toString()
                                                        .split(","))
                                        .contains(controller))
                .findFirst()
                .orElseThrow(
                        () ->
                                FaultException.invalid(
                                        "exec --cgroup: unknown controller %s", controller));
    }

    private static String present(Path directory) {
        if (!Files.exists(directory.resolve("cgroup.procs"))) {
            throw FaultException.invalid(
                    "exec --cgroup: adding pid to %s/cgroup.procs: no such file or directory",
                    directory);
        }
        return directory.toString();
    }
}
