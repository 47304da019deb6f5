package dev.gantry.bus.service;

import dev.gantry.bus.fault.FaultException;

import java.nio.file.Path;

/**
 * What a service process is told on its command line: {@code [--run DIR] [--state DIR] [--bus
 * SOCKET]}.
 */
public record ServiceOptions(Layout layout, Path busSocket) {
    /** The options, defaults where they are absent. */
    public static ServiceOptions parse(String... arguments) {
        var run = Layout.DEFAULT.run();
        var state = Layout.DEFAULT.state();
        Path socket = null;
        for (var i = 0; i < arguments.length; i += 2) {
            if (i + 1 == arguments.length) {
                throw FaultException.invalid("%s needs a value", arguments[i]);
            }
            var value = Path.of(arguments[i + 1]).toAbsolutePath();
            switch (arguments[i]) {
                case "--run" -> run = value;
                case "--state" -> state = value;
                case "--bus" -> socket = value;
                default ->
                        throw FaultException.invalid(
                                "unknown option %s; known are --run, --state, --bus", arguments[i]);
            }
        }
        var layout = new Layout(run, state);
        return new ServiceOptions(layout, socket == null ? layout.busSocket() : socket);
    }
}
