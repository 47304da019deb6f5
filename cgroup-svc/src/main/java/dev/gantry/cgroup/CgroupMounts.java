package dev.gantry.cgroup;

import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the host mounts its cgroups: read from {@code /proc/self/mountinfo} (proc(5)), never
 * assumed.
 *
 * @param v1 mount point to the controllers that it carries, for controllers that Gantry uses
 * @param unified the mount point of cgroup2
 * @param self this process's own directory in the cgroup2 mount, as {@code /proc/self/cgroup} has
 *     it; {@code /} if there is none
 */
public record CgroupMounts(Map<String, List<String>> v1, Optional<String> unified, String self) {
    private static final Set<String> USED =
            Set.of("memory", "cpu", "cpuacct", "cpuset", "pids", "blkio", "devices", "freezer");

    /** Reads the two files' text; a host without any cgroups is UNSUPPORTED. */
    public static CgroupMounts parse(String mountinfo, String selfCgroup) {
        var v1 = new LinkedHashMap<String, List<String>>();
        var seen = new ArrayList<String>();
        Optional<String> unified = Optional.empty();
        for (var line : mountinfo.split("\n")) {
            var fields = line.split(" ");
            int dash = List.of(fields).indexOf("-");
            if (dash < 6 || fields.length < dash + 4) {
                continue;
            }
            var point = unescape(fields[4]);
            var type = fields[dash + 1];
            if (type.equals("cgroup2") && unified.isEmpty()) {
                unified = Optional.of(point);
            } else if (type.equals("cgroup")) {
                var controllers = new ArrayList<String>();
                for (var option : fields[dash + 3].split(",")) {
                    if (USED.contains(option) && !seen.contains(option)) {
                        controllers.add(option);
                        seen.add(option);
                    }
                }
                if (!controllers.isEmpty()) {
                    v1.put(point, List.copyOf(controllers));
                }
            }
        }
        if (v1.isEmpty() && unified.isEmpty()) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "no cgroup file system is mounted: /proc/self/mountinfo has none");
        }
        return new CgroupMounts(v1, unified, self(selfCgroup));
    }

    /** How the host mounts them. */
    public Mode mode() {
        if (v1.isEmpty()) {
            return Mode.V2;
        }
        return unified.isPresent() ? Mode.HYBRID : Mode.V1;
    }

    private static String self(String selfCgroup) {
        return selfCgroup
                .lines()
                .filter(line -> line.startsWith("0::"))
                .map(line -> line.substring(3))
                .findFirst()
                .orElse("/");
    }

    /** mountinfo writes space, tab, newline and backslash as three octal digits. */
    private static String unescape(String field) {
        var out = new StringBuilder();
        for (int i = 0; i < field.length(); i++) {
            if (field.charAt(i) == '\\' && i + 3 < field.length()) {
                out.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                out.append(field.charAt(i));
            }
        }
        return out.toString();
    }
}
