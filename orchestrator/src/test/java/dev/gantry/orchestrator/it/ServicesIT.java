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
            Path.of("..", "network-svc", "examples", "network_py", "network.py")
                    .toAbsolutePath()
                    .normalize()
                    .toString();

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
