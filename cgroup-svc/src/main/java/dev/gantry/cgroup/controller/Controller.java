package dev.gantry.cgroup.controller;

import dev.gantry.bus.contract.oci.LinuxResources;

import java.util.List;

/**
 * One controller of the kernel: what it writes and what it can tell. It makes no decision about
 * other controllers and knows no containers.
 */
public interface Controller {
    /** The kernel's name of it. */
    String name();

    /**
     * What to write, in order, for these resources; what is absent in them stays. Throws
     * INVALID_ARGUMENT for values that the kernel would refuse, UNSUPPORTED (naming the file) for
     * those that this host cannot honour. Nothing is written here.
     */
    List<Setting> settings(LinuxResources resources, Group group);

    /** Adds what this controller counts; what cannot be read stays absent. */
    void usage(Group group, UsageReading usage);
}
