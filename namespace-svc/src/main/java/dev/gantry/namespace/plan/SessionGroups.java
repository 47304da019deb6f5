package dev.gantry.namespace.plan;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.namespace.plan.PlanOp.CgroupDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Where a further process is: in the container's groups, or in groups that lie beneath them. */
public final class SessionGroups {
    private SessionGroups() {}

    /**
     * The directories that are entered.
     *
     * @param own the container's, one in each hierarchy
     * @param asked for the process instead, each beneath one of them
     */
    public static List<CgroupDir> of(List<CgroupDir> own, List<String> asked) {
        var out = new ArrayList<>(own);
        for (var directory : asked) {
            Paths.check("exec: cgroup directory", directory);
            int at = hierarchy(own, directory);
            if (!out.get(at).equals(own.get(at))) {
                throw FaultException.invalid(
                        "exec: cgroup directories %s and %s are of one hierarchy",
                        out.get(at).path(), directory);
            }
            out.set(at, new CgroupDir(own.get(at).version(), directory));
        }
        return out;
    }

    private static int hierarchy(List<CgroupDir> own, String directory) {
        var path = Path.of(directory);
        for (int i = 0; i < own.size(); i++) {
            if (path.normalize().equals(path) && path.startsWith(own.get(i).path())) {
                return i;
            }
        }
        throw FaultException.invalid(
                "exec: cgroup directory %s is not beneath one of the container's", directory);
    }
}
