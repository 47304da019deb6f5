package dev.gantry.orchestrator.oci;

import picocli.CommandLine.IVersionProvider;

import java.util.Optional;

/** What {@code --version} prints; the second line is what callers of runc look for. */
final class VersionText implements IVersionProvider {
    /** The version of the runtime specification whose state and configuration are spoken. */
    static final String SPEC = "1.2.0";

    @Override
    public String[] getVersion() {
        var version =
                Optional.ofNullable(VersionText.class.getPackage().getImplementationVersion());
        return new String[] {
            "gantry-oci version " + version.orElse("(unpackaged)"), "spec: " + SPEC
        };
    }
}
