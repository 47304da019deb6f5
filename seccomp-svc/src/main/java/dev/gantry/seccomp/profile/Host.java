package dev.gantry.seccomp.profile;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.seccomp.syscalls.Architecture;

import java.util.regex.Pattern;

/**
 * What a profile's conditions are asked about.
 *
 * @param architecture the kernel's own
 * @param major first number of the kernel's version
 * @param minor second number of the kernel's version
 */
public record Host(Architecture architecture, int major, int minor) {
    private static final Pattern VERSION = Pattern.compile("(\\d{1,6})\\.(\\d{1,6}).*");

    /** From the names that uname(2) gives: machine and release. */
    public static Host of(String machine, String release) {
        var version = VERSION.matcher(release);
        if (!version.matches()) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED, "kernel release %s has no version in it", release);
        }
        return new Host(
                switch (machine) {
                    case "amd64", "x86_64" -> Architecture.X86_64;
                    case "aarch64" -> Architecture.AARCH64;
                    default ->
                            throw FaultException.of(
                                    FaultCode.UNSUPPORTED,
                                    "no system call table for machine %s",
                                    machine);
                },
                Integer.parseInt(version.group(1)),
                Integer.parseInt(version.group(2)));
    }

    /** The name that Docker's profiles have for the architecture (Go's). */
    public String goArchitecture() {
        return switch (architecture) {
            case X86_64 -> "amd64";
            case X86 -> "x86";
            case X32 -> "x32";
            case AARCH64 -> "arm64";
            case ARM -> "arm";
        };
    }

    /** Whether the kernel is at least of this version. */
    public boolean atLeast(int wantedMajor, int wantedMinor) {
        return major > wantedMajor || major == wantedMajor && minor >= wantedMinor;
    }
}
