package dev.gantry.network;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.network.kernel.NetworkKernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code net.ipv4.ip_forward}: put on with the first bridge, put back with the last, if it was
 * Gantry that put it on. A file remembers that, so a crash in between changes nothing.
 */
final class Forwarding {
    private static final String NAME = "ipv4/ip_forward";
    private final NetworkKernel kernel;
    private final Path mark;

    Forwarding(NetworkKernel kernel, Path state) {
        this.kernel = kernel;
        this.mark = state.resolve("ip_forward.was-off");
    }

    void on(Steps steps) {
        if (kernel.readSysctl(NAME).orElse("").equals("1")) {
            return;
        }
        steps.run(
                "sysctl",
                "net.ipv4.ip_forward = 1",
                "sysctl -qw net.ipv4.ip_forward=1",
                () -> {
                    try {
                        Files.writeString(mark, "");
                    } catch (IOException e) {
                        throw failed(e);
                    }
                    kernel.writeSysctl(NAME, "1");
                });
    }

    void off(Steps steps) {
        if (!Files.exists(mark)) {
            return;
        }
        steps.run(
                "sysctl",
                "net.ipv4.ip_forward = 0",
                "sysctl -qw net.ipv4.ip_forward=0",
                () -> {
                    kernel.writeSysctl(NAME, "0");
                    try {
                        Files.delete(mark);
                    } catch (IOException e) {
                        throw failed(e);
                    }
                });
    }

    private FaultException failed(IOException e) {
        return FaultException.of(FaultCode.INTERNAL, "%s: %s", mark, e.getMessage());
    }
}
