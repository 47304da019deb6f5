package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;

import dev.gantry.bus.fault.Fault;
import dev.gantry.orchestrator.invocation.Invocation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Where errors go, as callers of runc read them: a line on standard error and, with {@code --log},
 * one in the log.
 *
 * @param json whether the lines of the log are JSON objects
 * @param debug whether it is told what is done
 */
record ErrorLog(Optional<Path> file, boolean json, boolean debug) {
    /** Callers look for these words (podman: 126 and 127 come of them). */
    private static final Map<String, String> ERRNO =
            Map.of(
                    "ENOENT", "no such file or directory",
                    "EACCES", "permission denied",
                    "EPERM", "operation not permitted",
                    "ENOEXEC", "exec format error",
                    "ENOTDIR", "not a directory",
                    "ESRCH", "no such process");

    static ErrorLog of(OciCommand oci) {
        return new ErrorLog(Optional.ofNullable(oci.log), "json".equals(oci.logFormat), oci.debug);
    }

    /** What a fault says, with its errno in words. */
    static String words(Fault fault) {
        return fault.errno()
                .map(ERRNO::get)
                .filter(text -> !fault.message().toLowerCase(Locale.ROOT).contains(text))
                .map(text -> fault.message() + " (" + text + ")")
                .orElse(fault.message());
    }

    void error(String message) {
        write("error", message);
        Invocation.current().err().println("gantry-oci: " + message);
    }

    /** In the log, or on standard error where there is none. */
    void warn(String message) {
        if (file.isEmpty()) {
            Invocation.current().err().println("gantry-oci: warning: " + message);
        }
        write("warning", message);
    }

    /** In the log, or on standard error where there is none, in the form of the log. */
    void debug(String message) {
        if (file.isEmpty()) {
            Invocation.current().err().print(line("debug", message));
        }
        write("debug", message);
    }

    private String line(String level, String message) {
        var time = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        var quoted = JsonNodeFactory.instance.textNode(message);
        return json
                ? JsonNodeFactory.instance
                                .objectNode()
                                .put("level", level)
                                .put("msg", message)
                                .put("time", time)
                        + "\n"
                : "time=\"" + time + "\" level=" + level + " msg=" + quoted + "\n";
    }

    private void write(String level, String message) {
        if (file.isEmpty()) {
            return;
        }
        try {
            Files.writeString(
                    file.get(),
                    line(level, message),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            Invocation.current().err().println("gantry-oci: log " + file.get() + ": " + e);
        }
    }
}
