package dev.gantry.namespace.launcher;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.concurrent.TimeUnit;

/**
 * A launcher as a child of this process: for {@code --embedded}, for the supervisor and for tests.
 * Under systemd it is a unit of its own (gantry-launcher.service). Needs root. Its end, and ours,
 * harms no container.
 */
public final class LauncherProcess implements AutoCloseable {
    private final Process process;

    private LauncherProcess(Process process) {
        this.process = process;
    }

    /**
     * Starts it and returns when it listens.
     *
     * @param uid the user that may connect, namespace-svc's
     */
    public static LauncherProcess start(Layout layout, long uid) {
        try {
            Files.createDirectories(layout.launcherSocket().getParent());
            Files.createDirectories(layout.containers());
            var process =
                    new ProcessBuilder(
                                    LauncherBinary.find().toString(),
                                    "--socket",
                                    layout.launcherSocket().toString(),
                                    "--uid",
                                    Long.toString(uid),
                                    "--state",
                                    layout.containers().toString())
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            process.getOutputStream().close();
            awaitReady(process);
            return new LauncherProcess(process);
        } catch (IOException e) {
            throw new UncheckedIOException("start the launcher", e);
        }
    }

    private static void awaitReady(Process process) throws IOException {
        var out =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = out.readLine(); // it says "ready", or ends and says why on standard error
        if (!"ready".equals(line)) {
            process.destroyForcibly();
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "the launcher did not start: it said %s", line);
        }
    }

    /** The process. */
    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** Ends it; the shims stay. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
