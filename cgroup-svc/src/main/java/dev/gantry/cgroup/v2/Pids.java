package dev.gantry.cgroup.v2;

/** {@code pids} of v2: how many tasks there may be. */
public final class Pids extends dev.gantry.cgroup.controller.Pids {}
