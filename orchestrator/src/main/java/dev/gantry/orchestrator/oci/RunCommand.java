package dev.gantry.orchestrator.oci;

import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code run}: create, start and, unless detached, wait and delete. */
@Command(name = "run", description = "Make and start a container, and wait for its end.")
final class RunCommand implements Callable<Integer> {
    @ParentCommand OciCommand oci;

    @Mixin CreateCommand.Options options;

    @Option(
            names = {"-d", "--detach"},
            description = "do not wait for its end")
    boolean detach;

    @Option(names = "--keep", description = "do not delete it at its end")
    boolean keep;

    @Override
    public Integer call() {
        var containers = oci.containers();
        var request = options.request(oci, !detach);
        var made = containers.create(request);
        var stages = new Stages(request.log(), containers.services());
        var id = made.state().id();
        try {
            if (detach) {
                containers.start(id);
                stages.started(made.state().pid());
                return 0;
            }
            var foreground =
                    new Foreground(
                            containers.services(),
                            made.state().key(),
                            Optional.empty(),
                            made.shim());
            foreground.whenStarted(() -> stages.started(made.state().pid()));
            int code = foreground.run(made.created(), made.relay());
            if (!keep) {
                containers.delete(id, true);
            }
            return code;
        } catch (FaultException e) {
            try {
                containers.delete(id, true);
            } catch (FaultException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }
}
