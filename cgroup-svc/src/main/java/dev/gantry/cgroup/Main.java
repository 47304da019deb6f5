package dev.gantry.cgroup;

import dev.gantry.bus.service.ServiceHost;

/** cgroup-svc as a process of its own. */
public final class Main {
    private Main() {}

    /** {@code [--run DIR] [--state DIR] [--bus SOCKET]}. */
    public static void main(String[] arguments) {
        ServiceHost.main(new CgroupProvider(), arguments);
    }
}
