package dev.gantry.orchestrator.resident;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.orchestrator.invocation.ChildProcess;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.model.Signals;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A command that a caller has handed over, while it runs here: on the thread that made this object.
 */
final class RemoteInvocation implements Invocation {
    private static final System.Logger LOG = System.getLogger("dev.gantry.resident");
    private static final int LONGEST_FRAME = 33 << 10;
    private static final int BUFFER = 8 << 10;

    private final ResidentKernel kernel;
    private final Thread command = Thread.currentThread();
    private final int connection;
    private final long pid;
    private final int[] descriptors;
    private final Handover handover;
    private final CallersInput in = new CallersInput(this);
    private final CallersOutput[] outputs;
    private final PrintStream out;
    private final PrintStream err;
    private final Map<Integer, Runnable> handlers = new ConcurrentHashMap<>();
    private final List<AutoCloseable> parts = new ArrayList<>();
    private final CompletableFuture<Integer> child = new CompletableFuture<>();
    private final CompletableFuture<Integer> childStarted = new CompletableFuture<>();
    private volatile boolean acted;
    private volatile boolean declined;
    private volatile boolean gone;
    private boolean over;

    RemoteInvocation(
            ResidentKernel kernel, int connection, long pid, int[] descriptors, Handover handover) {
        this.kernel = kernel;
        this.connection = connection;
        this.pid = pid;
        this.descriptors = descriptors;
        this.handover = handover;
        this.outputs = new CallersOutput[descriptors.length];
        for (int i = 0; i < outputs.length; i++) {
            outputs[i] = new CallersOutput(kernel, this, descriptors[i]);
        }
        this.out = printing(outputs[1]);
        this.err = printing(outputs[2]);
    }

    /** A whole line is one write, so that lines of several writers stay whole. */
    private static PrintStream printing(OutputStream output) {
        return new PrintStream(
                new BufferedOutputStream(output, BUFFER), true, StandardCharsets.UTF_8);
    }

    @Override
    public InputStream in() {
        return in;
    }

    @Override
    public PrintStream out() {
        return out;
    }

    @Override
    public PrintStream err() {
        return err;
    }

    @Override
    public OutputStream output(int standard) {
        return outputs[standard];
    }

    @Override
    public int descriptor(int standard) {
        return descriptors[standard];
    }

    @Override
    public Path directory() {
        return handover.directory();
    }

    @Override
    public Map<String, String> environment() {
        return handover.environment();
    }

    @Override
    public long pid() {
        return pid;
    }

    @Override
    public int preserved() {
        return handover.preserved();
    }

    @Override
    public void onSignal(String name, Runnable action) {
        int number = Signals.number(name);
        handlers.put(number, action);
        tell('H', number);
    }

    @Override
    public Raw raw() {
        tell('T', 0);
        return () -> tell('t', 0);
    }

    @Override
    public ChildProcess start(List<String> command) {
        acted = true;
        var words = new ByteArrayOutputStream();
        words.write('R');
        for (var word : command) {
            words.writeBytes(word.getBytes(StandardCharsets.UTF_8));
            words.write(0);
        }
        tell(words.toByteArray());
        int number = childStarted.join();
        if (number < 0) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE,
                    "start %s: %s",
                    command.getFirst(),
                    gone ? "the caller has gone" : Errno.name(-number));
        }
        return new ChildProcess() {
            @Override
            public CompletableFuture<Integer> ended() {
                return child;
            }

            @Override
            public void terminate() {
                tell('K', 0);
            }
        };
    }

    @Override
    public void closeAtEnd(AutoCloseable part) {
        synchronized (parts) {
            if (!gone && !over) {
                parts.add(part);
                return;
            }
        }
        close(part);
    }

    @Override
    public void needsOwnProcess() {
        if (acted) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE,
                    "this part of the command cannot be done by the resident command line");
        }
        declined = true;
        throw FaultException.of(FaultCode.UNAVAILABLE, "for a process of its own");
    }

    /** What is said by a command that is not run here is not for the caller. */
    void aboutToWrite() throws IOException {
        if (declined || gone) {
            throw new IOException("the caller does not read any more");
        }
        acted = true;
    }

    void askForInput(int most) {
        acted = true;
        if (gone) {
            in.arrived(new byte[0]);
        } else {
            tell('I', most);
        }
    }

    private void tell(char type, int number) {
        tell(
                ByteBuffer.allocate(5)
                        .order(ByteOrder.nativeOrder())
                        .put((byte) type)
                        .putInt(number)
                        .array());
    }

    // A caller that has gone is noticed by hear().
    private void tell(byte[] frame) {
        kernel.send(connection, frame);
    }

    /** Takes the caller's frames until it has gone; then what is left of the command ends. */
    void hear() {
        try {
            while (true) {
                var frame = kernel.receive(connection, LONGEST_FRAME).bytes();
                if (frame.length == 0) {
                    return;
                }
                heard(ByteBuffer.wrap(frame).order(ByteOrder.nativeOrder()));
            }
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "caller " + pid + ": " + e.getMessage());
        } finally {
            leave();
        }
    }

    private void heard(ByteBuffer frame) {
        char type = (char) frame.get();
        switch (type) {
            case 'S' -> {
                var handler = handlers.get((int) frame.get());
                if (handler != null) {
                    Thread.ofVirtual().start(handler);
                }
            }
            case 'D' -> {
                var bytes = new byte[frame.remaining()];
                frame.get(bytes);
                in.arrived(bytes);
            }
            case 'P' -> childStarted.complete(frame.getInt());
            case 'W' -> {
                frame.getInt(); // its pid: there is one child
                child.complete(exitCode(frame.getInt()));
            }
            default -> throw FaultException.invalid("unknown frame %s", type);
        }
    }

    /** Of a status of wait(2). */
    private static int exitCode(int status) {
        int signal = status & 0x7f;
        return signal == 0 ? status >> 8 & 0xff : 128 + signal;
    }

    private void leave() {
        synchronized (parts) {
            if (over) {
                return;
            }
            gone = true;
        }
        command.interrupt();
        in.arrived(new byte[0]);
        childStarted.complete(-1);
        child.completeExceptionally(
                FaultException.of(FaultCode.UNAVAILABLE, "the caller has gone"));
        closeParts();
    }

    private void closeParts() {
        List<AutoCloseable> open;
        synchronized (parts) {
            open = List.copyOf(parts);
            parts.clear();
        }
        open.forEach(RemoteInvocation::close);
    }

    private static void close(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            LOG.log(System.Logger.Level.WARNING, "closing " + part + ": " + e);
        }
    }

    /**
     * The command is over: the caller ends with its exit code, or begins anew by itself. Its
     * descriptors are closed first: who reads its output must see the end of it.
     */
    @Override
    public void exit(int code) {
        synchronized (parts) {
            if (over) {
                return;
            }
            over = true;
        }
        out.flush();
        err.flush();
        for (var output : outputs) {
            output.end();
        }
        tell(declined ? 'N' : 'X', code);
        if (Thread.currentThread() != command) {
            closeParts();
            command.interrupt();
        }
    }
}
