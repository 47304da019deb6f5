package dev.gantry.orchestrator.it;

import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Gantry as a user has it: the script, a process per service, the real kernel; below a directory of
 * its own and inside a network namespace that stands for the host, so that the machine's own
 * network is not touched.
 */
final class GantryInstance implements AutoCloseable {
    private static final Path SCRIPT = Path.of("..", "gantry").toAbsolutePath().normalize();
    private static final Path NETNS = Path.of("/run/netns");
    private static final long PATIENCE_SECONDS = 120;

    /** What a command printed and how it ended. */
    record Result(int code, String out, String err) {
        Result ok() {
            if (code != 0) {
                throw new AssertionError("exit code " + code + "\n" + out + err);
            }
            return this;
        }

        List<String> lines() {
            return out.lines().toList();
        }
    }

    private final Path root;
    private final String hostNetns;

    private final boolean hadNetnsMount;

    private GantryInstance(Path root, String hostNetns, boolean hadNetnsMount) {
        this.root = root;
        this.hostNetns = hostNetns;
        this.hadNetnsMount = hadNetnsMount;
    }

    /** Starts the services. */
    static GantryInstance up() {
        try {
            var root = Files.createTempDirectory(Path.of("/var/tmp"), "gantry-it-");
            Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
            var netns = "gantry-it-" + root.getFileName().toString().substring(10);
            boolean hadNetnsMount = isMounted(NETNS);
            command("ip", "netns", "add", netns).ok();
            var instance = new GantryInstance(root, netns, hadNetnsMount);
            instance.host("ip", "link", "set", "lo", "up").ok();
            instance.gantry("up").ok();
            return instance;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isMounted(Path path) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
                .anyMatch(line -> line.split(" ")[4].equals(path.toString()));
    }

    String hostNetns() {
        return hostNetns;
    }

    Path root() {
        return root;
    }

    /** Runs the command line; standard input is empty. */
    Result gantry(String... arguments) {
        return gantry(Map.of(), arguments);
    }

    Result gantry(Map<String, String> environment, String... arguments) {
        return run(environment, "", commandLine(arguments));
    }

    Result gantryWithInput(String input, String... arguments) {
        return run(Map.of(), input, commandLine(arguments));
    }

    List<String> commandLine(String... arguments) {
        var words = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + hostNetns));
        words.addAll(List.of(SCRIPT.toString(), "--root", root.toString()));
        words.addAll(Arrays.asList(arguments));
        return words;
    }

    /** Runs gantry-oci on this instance. */
    Result oci(String input, String... arguments) {
        return run(Map.of("GANTRY_ROOT", root.toString()), input, ociLine(arguments));
    }

    List<String> ociLine(String... arguments) {
        var script = SCRIPT.resolveSibling("gantry-oci").toString();
        var words = new ArrayList<>(List.of(script, "--root", root.resolve("oci").toString()));
        words.addAll(Arrays.asList(arguments));
        return words;
    }

    /** Runs a command with this instance as gantry-oci's. */
    Result shell(String command) {
        var environment =
                Map.of("GANTRY_ROOT", root.toString(), "OCI", String.join(" ", ociLine()));
        return run(environment, "", List.of("sh", "-c", command));
    }

    /** Runs a command on the network that stands for the host's. */
    Result host(String... arguments) {
        var words = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + hostNetns));
        words.addAll(Arrays.asList(arguments));
        return run(Map.of(), "", words);
    }

    /** The pid of a service's process, as the supervisor tells it. */
    long pid(String service) {
        try {
            var services = Json.mapper().readTree(gantry("services", "--json").ok().out());
            return services.path(service).path("pid").asLong();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static Result command(String... words) {
        return run(Map.of(), "", List.of(words));
    }

    private static Result run(Map<String, String> environment, String input, List<String> words) {
        try {
            var builder = new ProcessBuilder(words);
            builder.environment().putAll(new HashMap<>(environment));
            var process = builder.start();
            var out = CompletableFuture.supplyAsync(() -> read(process.getInputStream()));
            var err = CompletableFuture.supplyAsync(() -> read(process.getErrorStream()));
            try (var stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                if (!"Broken pipe".equals(e.getMessage())) {
                    throw e; // Else a command that does not read its input has ended: its exit code
                    // tells.
                }
            }
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("still running after 120 s: " + words);
            }
            return new Result(process.exitValue(), out.join(), err.join());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String read(java.io.InputStream stream) {
        try {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Waits until a condition holds. */
    static void eventually(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within 60 s: " + what);
            }
            java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
        }
    }

    /** Ends everything, and fails if anything stays behind. */
    @Override
    public void close() {
        var down = gantry("down", "--all");
        command("ip", "netns", "del", hostNetns).ok();
        if (!hadNetnsMount) {
            // ip netns add mounts this directory once, and never lets it go.
            command("umount", NETNS.toString()).ok();
        }
        var left = new ArrayList<String>();
        try {
            Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
                    .filter(line -> line.contains(root.toString()))
                    .forEach(left::add);
            if (Files.exists(root.resolve("run"))) {
                try (Stream<Path> runtime = Files.walk(root.resolve("run"))) {
                    runtime.filter(Files::isRegularFile).map(Path::toString).forEach(left::add);
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        ProcessHandle.allProcesses()
                .filter(p -> p.info().commandLine().orElse("").contains(root.toString()))
                .forEach(p -> left.add(p.info().commandLine().orElse("")));
        command("rm", "-rf", "--one-file-system", root.toString()).ok();
        down.ok();
        if (!left.isEmpty()) {
            throw new AssertionError("left behind: " + left);
        }
    }
}
