package dev.gantry.orchestrator.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParentCommand;

import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code version}. */
@Command(name = "version", mixinStandardHelpOptions = true, description = "Show the version.")
final class VersionCommand implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Override
    public Integer call() {
        gantry.out().println(Provider.version());
        gantry.out().flush();
        return 0;
    }

    /** The version that the build wrote into the jar. */
    static final class Provider implements IVersionProvider {
        static String version() {
            var version =
                    Optional.ofNullable(
                            VersionCommand.class.getPackage().getImplementationVersion());
            return "gantry "
                    + version.orElse("(unpackaged)")
                    + ", Java "
                    + Runtime.version().feature()
                    + ", "
                    + System.getProperty("os.name")
                    + " "
                    + System.getProperty("os.version")
                    + " "
                    + System.getProperty("os.arch");
        }

        @Override
        public String[] getVersion() {
            return new String[] {version()};
        }
    }
}
