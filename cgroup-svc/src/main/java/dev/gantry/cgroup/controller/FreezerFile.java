package dev.gantry.cgroup.controller;

/** How a freezer is told and asked. */
public interface FreezerFile {
    /** What freezes. */
    Setting freeze();

    /** What thaws. */
    Setting thaw();

    /** The file that says whether all tasks are frozen. */
    String stateFile();

    /** Whether the state file's text says so. */
    boolean frozen(String state);

    /** Whether the request has to be repeated until the state is reached. */
    boolean writeAgain();
}
