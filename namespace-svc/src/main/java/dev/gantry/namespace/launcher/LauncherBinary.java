package dev.gantry.namespace.launcher;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where the launcher's program is: the system property {@code gantry.launcher}; else {@code
 * gantry-launcher} (or {@code launcher/gantry-launcher}) beside this jar or one directory up, where
 * the build and the installation put it.
 */
public final class LauncherBinary {
    private static final String NAME = "gantry-launcher";

    private LauncherBinary() {}

    /** The path of an executable file. */
    public static Path find() {
        String property = System.getProperty("gantry.launcher");
        if (property != null) {
            var path = Path.of(property).toAbsolutePath();
            if (!Files.isExecutable(path)) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION,
                        "gantry.launcher: %s is not an executable file",
                        path);
            }
            return path;
        }
        var code = code();
        var candidates =
                List.of(
                        code.resolveSibling(NAME),
                        code.resolveSibling("launcher").resolve(NAME),
                        code.getParent().resolveSibling(NAME),
                        code.getParent().resolveSibling("launcher").resolve(NAME));
        return candidates.stream()
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.FAILED_PRECONDITION,
                                        "the launcher's program is in none of %s; name it with"
                                                + " -Dgantry.launcher=PATH",
                                        candidates));
    }

    private static Path code() {
        try {
            return Path.of(
                    LauncherBinary.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("this class comes from no file", e);
        }
    }
}
