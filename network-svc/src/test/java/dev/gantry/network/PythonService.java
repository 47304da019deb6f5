package dev.gantry.network;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The Python implementation of network.v1, as a process. */
final class PythonService implements AutoCloseable {
    private static final Path PROGRAM = Path.of("examples/network_py/network.py").toAbsolutePath();
    private final Process process;

    /** Starts it; returns when it serves. */
    PythonService(Path directory) throws IOException {
        process =
                new ProcessBuilder(
                                "/usr/bin/python3",
                                PROGRAM.toString(),
                                "--run",
                                directory.resolve("run").toString(),
                                "--state",
                                directory.resolve("state").toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        var out = new BufferedReader(new InputStreamReader(process.getInputStream()));
        var line = out.readLine();
        if (!"network.py: serves".equals(line)) {
            throw new IOException("network.py did not start: " + line);
        }
    }

    static boolean isPossible() {
        return Files.isExecutable(Path.of("/usr/bin/python3"));
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException("network.py did not end");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
