package dev.gantry.namespace;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.Bus;
import dev.gantry.bus.contract.namespace.NamespaceResult.Exit;

import java.time.Instant;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * Publishes what happens to processes, once and in the order in which the shims told it. An exit is
 * published first and noted on disk after: a crash between the two repeats it, and loses nothing.
 */
final class RuntimeEvents implements ShimProcess.Observer, AutoCloseable {
    private final Bus bus;
    private final RuntimeFiles files;
    private final Consumer<ShimProcess> findOut;
    private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    private final Thread publisher;
    private volatile boolean closed;

    /**
     * @param findOut what to do about a process whose shim does not answer any more
     */
    RuntimeEvents(Bus bus, RuntimeFiles files, Consumer<ShimProcess> findOut) {
        this.bus = bus;
        this.findOut = findOut;
        this.files = files;
        this.publisher = Thread.ofVirtual().name("namespace-events").start(this::run);
    }

    @Override
    public void created(ShimProcess process) {
        if (process.execId().isEmpty()) {
            publish("created", process);
        }
    }

    @Override
    public void started(ShimProcess process) {
        publish(process.execId().isEmpty() ? "started" : "exec-started", process);
    }

    @Override
    public void exited(ShimProcess process, Exit exit) {
        var body = body(process);
        body.put("code", exit.code()).put("signal", exit.signal());
        body.put("timeNanos", exit.timeNanos());
        process.reason().ifPresent(why -> body.put("reason", why));
        queue.add(
                () -> {
                    bus.publish(topic(process.execId().isEmpty() ? "exited" : "exec-exited"), body);
                    process.ifKept(() -> files.told(process, exit));
                });
    }

    @Override
    public void vanished(ShimProcess process) {
        Thread.startVirtualThread(() -> findOut.accept(process));
    }

    void deleted(String id) {
        var body = JsonNodeFactory.instance.objectNode().put("id", id).put("timeNanos", now());
        queue.add(() -> bus.publish(topic("deleted"), body));
    }

    private void publish(String what, ShimProcess process) {
        var body = body(process).put("timeNanos", now());
        queue.add(() -> bus.publish(topic(what), body));
    }

    private static ObjectNode body(ShimProcess process) {
        var body = JsonNodeFactory.instance.objectNode().put("id", process.id());
        process.execId().ifPresent(exec -> body.put("execId", exec));
        return body.put("pid", process.pid());
    }

    private static String topic(String what) {
        return "events.namespace." + what;
    }

    static long now() {
        var now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    private void run() {
        while (!closed || !queue.isEmpty()) {
            try {
                queue.take().run();
            } catch (InterruptedException end) {
                return;
            } catch (RuntimeException e) {
                System.getLogger(RuntimeEvents.class.getName())
                        .log(System.Logger.Level.ERROR, "an event was not published", e);
            }
        }
    }

    /** Publishes what is waiting, then ends. */
    @Override
    public void close() {
        queue.add(() -> closed = true);
        try {
            publisher.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
