package dev.gantry.cgroup.v1;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.FreezerFile;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.List;

/** {@code freezer} of v1 (cgroup-v1/freezer-subsystem.rst). */
public final class Freezer implements Controller, FreezerFile {
    private static final String STATE = "freezer.state";

    @Override
    public String name() {
        return "freezer";
    }

    @Override
    public List<Setting> settings(LinuxResources resources, Group group) {
        return List.of();
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        // A freezer counts nothing.
    }

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
