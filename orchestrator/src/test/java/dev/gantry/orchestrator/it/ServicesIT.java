package dev.gantry.orchestrator.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;

/**
 * Services end, start and are replaced by the command line while a container serves a published
 * port.
 */
@RequiresRoot
class ServicesIT {
    private static final String PYTHON_NETWORK =
            ofProject("network-svc", "examples", "network_py", "network.py");
    private static final String BUS_EXAMPLES = ofProject("bus", "examples");

    private static String ofProject(String... path) {
        return Path.of("..", path).toAbsolutePath().normalize().toString();
    }

    @Test
    void aContainerOutlivesDownAndUp() {
        try (var gantry = GantryInstance.up()) {
            serve(gantry);

            gantry.gantry("down").ok();
            assertServed(gantry);
            gantry.gantry("up").ok();

            assertServed(gantry);
            assertThat(gantry.gantry("exec", "web", "echo", "found").ok().out())
                    .isEqualTo("found\n");
            gantry.gantry("rm", "-f", "web").ok();
        }
    }

    @Test
    void theNetworkServiceIsReplacedAndComesBack() {
        try (var gantry = GantryInstance.up()) {
            serve(gantry);

            gantry.gantry(
                            "services",
                            "replace",
                            "network",
                            "--",
                            "/usr/bin/python3",
                            PYTHON_NETWORK,
                            "--run",
                            gantry.root() + "/run",
                            "--state",
                            gantry.root() + "/state")
                    .ok();
            assertServed(gantry);
            gantry.gantry("run", "--rm", "host-shell", "ip", "addr").ok();
            gantry.gantry("services", "replace", "network").ok();

            assertServed(gantry);
            gantry.gantry("rm", "-f", "web").ok();
        }
    }

    @Test
    void aSuccessorThatDoesNotComeUpLeavesTheServiceToItsPredecessor() {
        try (var gantry = GantryInstance.up()) {
            long predecessor = gantry.pid("network-svc");

            var ends = gantry.gantry("services", "replace", "network", "--", "/bin/false");
            var hangs =
                    gantry.gantry(
                            "services",
                            "replace",
                            "--within",
                            "1",
                            "network",
                            "--",
                            "/bin/sleep",
                            "4242");
            var onlySaysSo = replaceByPython(gantry, "notify('READY=1'); time.sleep(4243)");

            assertFailed(ends, "ended before it had the service (exit code 1)", "keeps");
            assertFailed(hangs, "was not ready within 1 s", "keeps");
            assertFailed(onlySaysSo, "did not take the service over", "keeps");
            assertThat(gantry.pid("network-svc")).isEqualTo(predecessor);
            assertThat(GantryInstance.command("pgrep", "-f", "slee[p].*424[23]").out()).isEmpty();
            gantry.gantry("run", "--rm", "host-shell", "ip", "addr").ok();
        }
    }

    @Test
    void aSuccessorThatTookOverAndEndedGivesTheServiceBack() {
        try (var gantry = GantryInstance.up()) {
            long predecessor = gantry.pid("network-svc");

            var failed =
                    replaceByPython(
                            gantry,
                            "Bus().serve({'network.v1': lambda *_: {}}, lambda: sys.exit(3))");

            assertFailed(failed, "(exit code 3)", "is started again");
            gantry.gantry("run", "--rm", "host-shell", "ip", "addr").ok();
            assertThat(gantry.pid("network-svc")).isNotIn(0L, predecessor);
        }
    }

    @Test
    void whatCannotBeReplacedIsRefused() {
        try (var gantry = GantryInstance.up()) {
            long bus = gantry.pid("bus");

            var ofTheBus = gantry.gantry("services", "replace", "bus", "--", "/bin/false");
            var relative = gantry.gantry("services", "replace", "network", "--", "false");

            assertFailed(ofTheBus, "bus is not replaced while it runs");
            assertFailed(relative, "\"false\" is not an absolute path");
            assertThat(gantry.pid("bus")).isEqualTo(bus);
        }
    }

    private static GantryInstance.Result replaceByPython(GantryInstance gantry, String program) {
        var imports =
                "import sys, time; sys.path.insert(0, sys.argv[1]);"
                        + " from gantry_bus import Bus, notify; ";
        return gantry.gantry(
                "services",
                "replace",
                "network",
                "--",
                "/usr/bin/python3",
                "-c",
                imports + program,
                BUS_EXAMPLES);
    }

    private static void assertFailed(GantryInstance.Result result, String... reasons) {
        assertThat(result.code()).isNotZero();
        assertThat(result.err()).contains(reasons).hasLineCount(1).startsWith("gantry: ");
    }

    private static void serve(GantryInstance gantry) {
        gantry.gantry(
                        "run",
                        "-d",
                        "--name",
                        "web",
                        "-p",
                        "18080:80",
                        "host-shell",
                        "sh",
                        "-c",
                        "mkdir /w; echo hello > /w/index.html; exec httpd -f -p 80 -h /w")
                .ok();
        GantryInstance.eventually("the web server answers", () -> get(gantry).code() == 0);
    }

    private static void assertServed(GantryInstance gantry) {
        assertThat(get(gantry).ok().out()).isEqualTo("hello\n");
    }

    private static GantryInstance.Result get(GantryInstance gantry) {
        return gantry.host("busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:18080/");
    }
}
