package dev.gantry.cgroup.v1;

import dev.gantry.cgroup.FreezerFile;
import dev.gantry.cgroup.Setting;

/** {@code freezer} of v1 (cgroup-v1/freezer-subsystem.rst). */
public final class Freezer implements FreezerFile {
    private static final String STATE = "freezer.state";

    @Override
    public Setting freeze() {
        return new Setting(STATE, "FROZEN");
    }

    @Override
    public Setting thaw() {
        return new Setting(STATE, "THAWED");
    }

    @Override
    public String stateFile() {
        return STATE;
    }

    @Override
    public boolean frozen(String state) {
        return state.strip().equals("FROZEN");
    }

    /** A group can stay FREEZING when a task forked meanwhile: writing again gathers it in. */
    @Override
    public boolean writeAgain() {
        return true;
    }
}
