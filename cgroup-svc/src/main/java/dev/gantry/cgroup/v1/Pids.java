package dev.gantry.cgroup.v1;

/** {@code pids} of v1: how many tasks there may be. */
public final class Pids extends dev.gantry.cgroup.controller.Pids {}
