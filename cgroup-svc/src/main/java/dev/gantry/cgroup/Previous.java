package dev.gantry.cgroup;

import dev.gantry.cgroup.controller.Numbers;
import dev.gantry.cgroup.kernel.CgroupKernel;

import java.util.Optional;

/** What to write to a file to bring back what it holds now. */
final class Previous {
    private Previous() {}

    /** Empty if the file cannot be read (the write will then say why). */
    static Optional<Change> of(CgroupKernel kernel, Change.Write write) {
        var now = kernel.read(write.path());
        if (now.errno() != 0) {
            return Optional.empty();
        }
        var file = write.path().substring(write.path().lastIndexOf('/') + 1);
        return Optional.of(
                new Change.Write(write.path(), value(file, write.value(), now.text().strip())));
    }

    private static String value(String file, String written, String now) {
        if (file.equals("memory.oom_control")) {
            return Numbers.keyed(now, "oom_kill_disable").orElse(0L).toString();
        }
        if (file.equals("io.max") || file.startsWith("blkio.throttle.")) {
            var device = written.substring(0, written.indexOf(' '));
            return now.lines()
                    .filter(line -> line.startsWith(device + " "))
                    .findFirst()
                    .orElse(
                            device
                                    + (file.equals("io.max")
                                            ? " rbps=max wbps=max riops=max wiops=max"
                                            : " 0"));
        }
        return now;
    }
}
