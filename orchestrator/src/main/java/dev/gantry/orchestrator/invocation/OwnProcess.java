package dev.gantry.orchestrator.invocation;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The invocation that this process itself is. */
final class OwnProcess implements Invocation {
    private static final OwnProcess INSTANCE = new OwnProcess();

    private OwnProcess() {}

    static Invocation get() {
        return INSTANCE;
    }

    @Override
    public InputStream in() {
        // Not System.in, which holds back what a terminal's reader has typed so far.
        return new FileInputStream(FileDescriptor.in);
    }

    @Override
    public PrintStream out() {
        return System.out;
    }

    @Override
    public PrintStream err() {
        return System.err;
    }

    @Override
    public OutputStream output(int standard) {
        return new FileOutputStream(standard == 1 ? FileDescriptor.out : FileDescriptor.err);
    }

    @Override
    public int descriptor(int standard) {
        return standard;
    }

    @Override
    public Path directory() {
        return Path.of("").toAbsolutePath();
    }

    @Override
    public Map<String, String> environment() {
        return System.getenv();
    }

    @Override
    public long pid() {
        return ProcessHandle.current().pid();
    }

    @Override
    public int preserved() {
        return Integer.getInteger("gantry.fds", 0);
    }

    @Override
    public void onSignal(String name, Runnable action) {
        JvmSignals.on(name, action);
    }

    @Override
    public Raw raw() {
        return RawTerminal.ofStandardInput();
    }

    @Override
    public ChildProcess start(List<String> command) {
        try {
            var process = new ProcessBuilder(command).inheritIO().start();
            var ended = process.onExit().thenApply(Process::exitValue);
            return new ChildProcess() {
                @Override
                public CompletableFuture<Integer> ended() {
                    return ended;
                }

                @Override
                public void terminate() {
                    process.destroy();
                }
            };
        } catch (IOException e) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "start %s: %s", command.getFirst(), e);
        }
    }

    @Override
    public void closeAtEnd(AutoCloseable part) {
        // It ends with the process.
    }

    @Override
    public void needsOwnProcess() {
        // This is it.
    }

    @Override
    public void exit(int code) {
        System.out.flush();
        // Not exit(): there is nothing left to wait for, and shutdown hooks would cost time.
        Runtime.getRuntime().halt(code);
    }
}
