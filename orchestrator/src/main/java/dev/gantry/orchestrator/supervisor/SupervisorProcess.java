package dev.gantry.orchestrator.supervisor;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Starts the supervisor as a process of its own session. */
public final class SupervisorProcess {
    private final Layout layout;
    private final Path home;

    /** For the instance at {@code layout}, run from the installation at {@code home}. */
    public SupervisorProcess(Layout layout, Path home) {
        this.layout = layout;
        this.home = home;
    }

    /** Where the supervisor and the services write what they have to say. */
    public Path log() {
        return layout.state().resolve("supervisor.log");
    }

    /**
     * Starts it and returns when all services are ready; a FaultException names the log otherwise.
     */
    public void startAndAwait(int seconds) {
        if (!"root".equals(System.getProperty("user.name"))) {
            throw FaultException.of(
                    FaultCode.PERMISSION_DENIED,
                    "starting the services needs root: their rights are handed out from it");
        }
        var client = new SupervisorClient(layout);
        var ready = SupervisorClient.request("ready").put("seconds", seconds);
        if (client.ask(ready).isPresent()) {
            return;
        }
        try {
            Files.createDirectories(layout.state());
            var process = start();
            long deadline = System.nanoTime() + seconds * 1_000_000_000L;
            while (client.ask(ready).isEmpty()) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw FaultException.of(
                            FaultCode.UNAVAILABLE,
                            "the supervisor did not come up; %s says why",
                            log());
                }
                Thread.sleep(10);
            }
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "the supervisor cannot be started: %s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "interrupted while the services started");
        }
    }

    private Process start() throws IOException {
        var command =
                List.of(
                        "setsid",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-XX:+UseCompactObjectHeaders",
                        "-XX:ReservedCodeCacheSize=16m",
                        "-Xss512k",
                        "-Xms4m",
                        "-Xmx24m",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        ServiceTable.classPath(home),
                        Supervisor.class.getName(),
                        "--run",
                        layout.run().toString(),
                        "--state",
                        layout.state().toString(),
                        "--home",
                        home.toString());
        var builder = new ProcessBuilder(command).directory(new File("/"));
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        var log = ProcessBuilder.Redirect.appendTo(log().toFile());
        return builder.redirectOutput(log).redirectError(log).start();
    }
}
