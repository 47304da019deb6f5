package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.build.dockerfile.Place;

import java.util.Optional;

/** An operating system and a processor, as images name them. */
record Platform(String os, String architecture) {
    /** What this host runs. */
    static Platform host() {
        var arch = System.getProperty("os.arch");
        return new Platform(
                "linux",
                switch (arch) {
                    case "amd64", "x86_64" -> "amd64";
                    case "aarch64" -> "arm64";
                    default -> arch;
                });
    }

    /** Refuses a platform whose programs this host does not run. */
    static void require(Optional<Place> place, String text) {
        var host = host();
        var wanted = host.os() + "/" + host.architecture();
        boolean fits =
                text.equals(wanted) || text.equals(host.architecture()) || text.equals("local");
        boolean variant = host.architecture().equals("arm64") && text.equals("linux/arm64/v8");
        if (!fits && !variant) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "%splatform %s: this host builds for %s",
                    place.map(p -> p + ": ").orElse(""),
                    Names.quote(text),
                    wanted);
        }
    }
}
