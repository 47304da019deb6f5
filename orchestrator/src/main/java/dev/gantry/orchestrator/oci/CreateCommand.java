package dev.gantry.orchestrator.oci;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code create}. */
@Command(name = "create", description = "Make a container, whose command waits for start.")
final class CreateCommand implements Callable<Integer> {
    private static final int MOST_PRESERVED = 32;

    @ParentCommand OciCommand oci;

    @Mixin Options options;

    @Override
    public Integer call() {
        oci.containers().create(options.request(oci, false));
        return 0;
    }

    /** What create and run have in common. */
    static final class Options {
        @Parameters(index = "0", paramLabel = "ID", description = "of the container")
        String id;

        @Option(
                names = {"-b", "--bundle"},
                paramLabel = "DIR",
                description = "the bundle (default: the working directory)")
        Path bundle = Invocation.current().directory();

        @Option(names = "--pid-file", paramLabel = "FILE", description = "gets the init's pid")
        Path pidFile;

        @Option(
                names = "--console-socket",
                paramLabel = "SOCKET",
                description = "who listens there gets the terminal")
        Path consoleSocket;

        @Option(
                names = "--preserve-fds",
                paramLabel = "N",
                description = "hand N descriptors from 3 on to the command")
        int preserved;

        @Option(
                names = "--no-pivot",
                description = "refused: without pivot_root the host's root stays in reach")
        boolean noPivot;

        @Option(names = "--no-new-keyring", description = "refused: each has its own keyring")
        boolean noNewKeyring;

        Creation.Request request(OciCommand oci, boolean foreground) {
            if (noPivot) {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "--no-pivot: without pivot_root a container could get at the host's root");
            }
            if (noNewKeyring) {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "--no-new-keyring: a container would see its caller's keys");
            }
            return new Creation.Request(
                    id,
                    bundle.normalize(),
                    Optional.ofNullable(pidFile),
                    Optional.ofNullable(consoleSocket),
                    preserved(preserved),
                    foreground,
                    ErrorLog.of(oci));
        }
    }

    /**
     * How many descriptors from 3 on are handed on. Only the caller's can be: they were counted
     * before this process had any of its own (security.md row 2).
     */
    static int preserved(int asked) {
        if (asked < 0 || asked > MOST_PRESERVED) {
            throw FaultException.invalid(
                    "--preserve-fds %d is not within 0..%d", asked, MOST_PRESERVED);
        }
        int open = Invocation.current().preserved();
        if (asked > open) {
            throw FaultException.invalid(
                    "--preserve-fds %d: descriptor %d is not open", asked, 3 + open);
        }
        return asked;
    }
}
