package dev.gantry.cgroup.v2;

import dev.gantry.cgroup.controller.FreezerFile;
import dev.gantry.cgroup.controller.Setting;

/** {@code cgroup.freeze} of v2 (cgroup-v2.rst, Core Interface Files). */
public final class Freezer implements FreezerFile {
    private static final String FREEZE = "cgroup.freeze";

    @Override
    public Setting freeze() {
        return new Setting(FREEZE, "1");
    }

    @Override
    public Setting thaw() {
        return new Setting(FREEZE, "0");
    }

    @Override
    public String stateFile() {
        return "cgroup.events";
    }

    @Override
    public boolean frozen(String state) {
        return state.lines().anyMatch("frozen 1"::equals);
    }

    @Override
    public boolean writeAgain() {
        return false;
    }
}
