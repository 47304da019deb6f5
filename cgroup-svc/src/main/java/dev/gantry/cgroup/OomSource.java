package dev.gantry.cgroup;

import dev.gantry.cgroup.controller.Numbers;
import dev.gantry.cgroup.kernel.CgroupKernel;
import dev.gantry.cgroup.v1.Memory;

import java.util.Optional;

/** Where a group's memory controller says that it killed. */
record OomSource(CgroupKernel kernel, String path, boolean v2) {
    /** Asks to be woken; the eventfd (v1), or the watch of the inotify descriptor (v2). */
    int arm(int epoll, int inotify) {
        if (v2) {
            return (int)
                    kernel.inotifyWatch(inotify, file()).orThrow("inotify_add_watch %s", file());
        }
        int event = (int) kernel.eventfd().orThrow("eventfd");
        int control = -1;
        try {
            control = (int) kernel.open(file()).orThrow("open %s", file());
            kernel.write(path + "/cgroup.event_control", event + " " + control)
                    .orThrow("write to %s/cgroup.event_control", path);
            kernel.epollAdd(epoll, event).orThrow("epoll_ctl add eventfd");
            return event;
        } catch (RuntimeException failed) {
            kernel.close(event);
            throw failed;
        } finally {
            if (control >= 0) {
                kernel.close(control);
            }
        }
    }

    long kills() {
        return Numbers.keyed(kernel.read(file()).text(), "oom_kill").orElse(0L);
    }

    Optional<Long> limit() {
        var limit = v2 ? dev.gantry.cgroup.v2.Memory.MAX : Memory.LIMIT;
        return Numbers.parse(kernel.read(path + "/" + limit).text());
    }

    private String file() {
        return path + "/" + (v2 ? dev.gantry.cgroup.v2.Memory.EVENTS : Memory.OOM_CONTROL);
    }
}
