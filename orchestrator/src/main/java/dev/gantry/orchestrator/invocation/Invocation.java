package dev.gantry.orchestrator.invocation;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A command as somebody called it: where from, with which environment, streams, terminal and
 * signals. It is this process's own, or that of a caller who handed it over to the resident process
 * (docs/decisions/0008). Commands ask {@link #current} for all of this, and nothing of {@link
 * System}.
 */
public interface Invocation {
    /** The invocation that the calling thread, or the one that started it, works for. */
    static Invocation current() {
        return Current.get();
    }

    /** Standard input. */
    InputStream in();

    /** Standard output. Commands that print piece by piece flush it. */
    PrintStream out();

    /** Standard error. */
    PrintStream err();

    /** Standard output (1) or error (2), unbuffered; it says when the reader has gone. */
    OutputStream output(int standard);

    /** The number, in this process, of the caller's descriptor 0, 1 or 2. */
    int descriptor(int standard);

    /** The working directory; absolute. */
    Path directory();

    /**
     * A path that was typed: relative ones are so to {@link #directory}, and {@code /dev/fd/N} is a
     * descriptor of the caller's, as {@code <(…)} of a shell names one.
     */
    default Path path(String typed) {
        // What stands for standard input is no path.
        if (typed.equals("-")) {
            return Path.of(typed);
        }
        return typed.matches("(/dev/fd|/proc/self/fd)/\\d{1,9}")
                ? Path.of("/proc", Long.toString(pid()), "fd", typed.replaceAll(".*/", ""))
                : directory().resolve(typed);
    }

    /** The environment. */
    Map<String, String> environment();

    /** A variable of the environment. */
    default Optional<String> environment(String name) {
        return Optional.ofNullable(environment().get(name));
    }

    /** The process that the caller sees. */
    long pid();

    /** How many descriptors from 3 on the caller means to hand on. */
    int preserved();

    /** Runs {@code action} at each arrival of a signal, for example {@code INT}. */
    void onSignal(String name, Runnable action);

    /** Puts the terminal behind standard input into raw mode (termios(3)) until closed. */
    Raw raw();

    /**
     * Starts a child of the caller's process, with its streams, directory, environment, session and
     * cgroup.
     *
     * @param command absolute path of the program, and its arguments
     */
    ChildProcess start(List<String> command);

    /**
     * Something of this invocation that must not outlive it: closed when the caller has gone before
     * the command's end.
     */
    void closeAtEnd(AutoCloseable part);

    /**
     * What follows must be done in a process of the command's own (it starts processes that are to
     * outlive it, say). Before anything was printed or done.
     */
    void needsOwnProcess();

    /** Ends the command at once, whatever its other threads are doing. */
    void exit(int code);

    /** A terminal in raw mode. */
    interface Raw extends AutoCloseable {
        @Override
        void close();
    }
}
