package dev.gantry.network;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Commands of a shell, in the test's own network. */
final class Shell {
    private Shell() {}

    /** What the command printed; an exit code other than 0 is an error. */
    static String run(String command) {
        var result = attempt(command);
        if (result.code() != 0) {
            throw new AssertionError(command + ": " + result.code() + ": " + result.printed());
        }
        return result.printed();
    }

    /** The command's exit code and what it printed. */
    static Result attempt(String command) {
        try {
            var process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            var printed = new String(process.getInputStream().readAllBytes());
            return new Result(process.waitFor(), printed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    record Result(int code, String printed) {}
}
