package dev.gantry.orchestrator.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Debian's docker-registry on the loopback of the network that stands for the host's, at {@link
 * #HOST}. Nothing but that network can reach it.
 */
final class Registry implements AutoCloseable {
    static final String HOST = "127.0.0.1:5000";

    private final GantryInstance gantry;
    private final Process process;
    private final Path directory;

    private Registry(GantryInstance gantry, Process process, Path directory) {
        this.gantry = gantry;
        this.process = process;
        this.directory = directory;
    }

    /** Starts one without users, and tells Gantry that it speaks no TLS. */
    static Registry start(GantryInstance gantry) {
        return start(gantry, HOST, "");
    }

    /**
     * Starts one.
     *
     * @param auth the section {@code auth} of its configuration, in JSON; empty: anybody
     */
    static Registry start(GantryInstance gantry, String host, String auth) {
        try {
            var directory = Files.createTempDirectory(gantry.root(), "registry");
            var configuration =
                    """
                    {"version": "0.1", "log": {"level": "error"},
                     "storage": {"filesystem": {"rootdirectory": "%s"}},
                     "http": {"addr": "%s"}%s}
                    """
                            .formatted(
                                    directory.resolve("data"),
                                    host,
                                    auth.isEmpty() ? "" : ", \"auth\": " + auth);
            Files.writeString(directory.resolve("config.yml"), configuration);
            var words =
                    List.of(
                            "nsenter",
                            "--net=/run/netns/" + gantry.hostNetns(),
                            "docker-registry",
                            "serve",
                            directory.resolve("config.yml").toString());
            var process =
                    new ProcessBuilder(words)
                            .redirectErrorStream(true)
                            .redirectOutput(directory.resolve("log").toFile())
                            .start();
            var registry = new Registry(gantry, process, directory);
            GantryInstance.eventually(
                    "the registry answers",
                    () -> {
                        if (!process.isAlive()) {
                            throw new AssertionError("docker-registry ended:\n" + registry.log());
                        }
                        return registry.listens(host);
                    });
            return registry;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    boolean listens(String host) {
        var port = host.substring(host.indexOf(':') + 1);
        return gantry.host("sh", "-c", "ss -Hltn 'sport = :" + port + "' | grep -q .").code() == 0;
    }

    String log() {
        try {
            return Files.readString(directory.resolve("log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Removes all that it has of a repository, as it lies on its disk. */
    Path data() {
        return directory.resolve("data/docker/registry/v2");
    }

    /** What an administrator says of registries. */
    static void configure(GantryInstance gantry, String json) {
        try {
            Files.writeString(gantry.root().resolve("state/registries.json"), json);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static void configurePlainHttp(GantryInstance gantry) {
        configure(gantry, "{\"registries\": {\"" + HOST + "\": {\"insecure\": \"http\"}}}");
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
