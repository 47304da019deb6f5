package dev.gantry.orchestrator.oci;

import picocli.CommandLine.IVersionProvider;

import java.util.Optional;

/** What {@code --version} prints, in the lines that callers of runc look for. */
final class VersionText implements IVersionProvider {
    /** The version of the runtime specification whose state and configuration are spoken. */
    static final String SPEC = "1.2.0";

    /** Whose command line this is: its integration tests say so. */
    private static final String RUNC = "1.1.5";

    @Override
    public String[] getVersion() {
        var version =
                Optional.ofNullable(VersionText.class.getPackage().getImplementationVersion());
        return new String[] {
            "gantry-oci version "
                    + version.orElse("(unpackaged)")
                    + ", with the commands of runc version "
                    + RUNC,
            "commit: (not recorded)",
            "spec: " + SPEC
        };
    }
}
