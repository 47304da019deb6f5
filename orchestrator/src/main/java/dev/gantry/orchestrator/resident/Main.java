package dev.gantry.orchestrator.resident;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Notifications;
import dev.gantry.bus.service.ProcessSetup;
import dev.gantry.bus.service.ServiceOptions;
import dev.gantry.orchestrator.supervisor.RunningServices;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;

/** The resident command line, as a process: {@code [--run DIR] [--state DIR]}. */
public final class Main {
    private static final String NAME = "cli";

    private Main() {}

    /** Serves callers until SIGTERM. What then is being run by it ends as if it were killed. */
    public static void main(String[] arguments) {
        ProcessSetup.prepare();
        try {
            var options = ServiceOptions.parse(arguments);
            var build = Files.readString(RunningServices.home().resolve("build")).strip();
            var kernel = new LinuxResidentKernel();
            int listening = kernel.listen(options.layout().run(NAME).resolve("cli.sock"));
            var resident =
                    new Resident(
                            kernel,
                            build,
                            Map.of(
                                    "gantry", dev.gantry.orchestrator.cli.Main::run,
                                    "gantry-oci", dev.gantry.orchestrator.oci.Main::run));
            var notifications = Notifications.fromEnvironment();
            dev.gantry.orchestrator.cli.Main.warmUp();
            notifications.ready("takes commands");
            notifications.keepWatchdogFed();
            resident.serve(listening);
        } catch (FaultException | IOException e) {
            ProcessSetup.fail(NAME, e.getMessage());
        }
    }
}
