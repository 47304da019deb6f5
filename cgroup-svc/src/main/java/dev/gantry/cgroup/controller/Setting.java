package dev.gantry.cgroup.controller;

/** A value for a file of a cgroup, by the kernel's file name. */
public record Setting(String file, String value) {}
