package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.oci.OciSpec.TimeOffset;
import dev.gantry.bus.fault.FaultException;

import java.util.Optional;

/** What is set in a new user or time namespace before its first process is inside. */
final class NamespaceSettings {
    private static final TimeOffset NO_OFFSET = new TimeOffset(0, 0);

    private NamespaceSettings() {}

    static Optional<PlanOp> userMap(OciSpec spec, LinuxNamespaces namespaces) {
        boolean maps = !spec.uidMappings().isEmpty() || !spec.gidMappings().isEmpty();
        boolean made = (namespaces.made() & LinuxNamespaces.NEWUSER) != 0;
        boolean entered = (namespaces.own() & LinuxNamespaces.NEWUSER) != 0 && !made;
        if (made != maps && !entered) {
            throw FaultException.invalid(
                    "linux.uidMappings and gidMappings go together with a user namespace");
        }
        if (!maps) {
            return Optional.empty();
        }
        PlanOp map =
                new PlanOp.UserMap(
                        IdMaps.check("linux.uid", spec.uidMappings()),
                        IdMaps.check("linux.gid", spec.gidMappings()));
        // one that is entered has its own already
        return made ? Optional.of(map) : Optional.empty();
    }

    static Optional<PlanOp> timeOffsets(OciSpec spec, LinuxNamespaces namespaces) {
        if (spec.timeOffsets().isEmpty()) {
            return Optional.empty();
        }
        if ((namespaces.made() & LinuxNamespaces.NEWTIME) == 0) {
            throw FaultException.invalid("linux.timeOffsets need a new time namespace");
        }
        spec.timeOffsets().forEach(NamespaceSettings::check);
        return Optional.of(
                new PlanOp.TimeOffsets(
                        spec.timeOffsets().getOrDefault("monotonic", NO_OFFSET),
                        spec.timeOffsets().getOrDefault("boottime", NO_OFFSET)));
    }

    private static void check(String clock, TimeOffset offset) {
        if (!clock.equals("monotonic") && !clock.equals("boottime")) {
            throw FaultException.invalid("linux.timeOffsets: unknown clock %s", Names.quote(clock));
        }
        if (offset.nanosecs() < 0 || offset.nanosecs() > 999_999_999) {
            throw FaultException.invalid(
                    "linux.timeOffsets: nanosecs %d of %s is not within 0..999999999",
                    offset.nanosecs(), clock);
        }
    }
}
