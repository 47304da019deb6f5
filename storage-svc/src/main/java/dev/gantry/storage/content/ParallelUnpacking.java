package dev.gantry.storage.content;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** Unpacks the layers of an image several at a time. */
final class ParallelUnpacking {
    /** Each has a thread that writes and one that reads ahead, and a megabyte between them. */
    private static final int AT_ONCE = Math.clamp(Runtime.getRuntime().availableProcessors(), 2, 4);

    private final List<CompletableFuture<Layer>> layers;
    private final Work work;

    private ParallelUnpacking(List<CompletableFuture<Layer>> layers, Work work) {
        this.layers = List.copyOf(layers);
        this.work = work;
    }

    /** Unpacks one. */
    interface Work {
        /**
         * Unpacks.
         *
         * @param below the layers below; waits for those that are not unpacked yet
         */
        Layer unpack(int index, Supplier<List<Layer>> below) throws IOException;
    }

    /**
     * Layers from the lowest to the topmost. The first that fails ends all others.
     *
     * @param known one that needs no unpacking
     */
    static List<Layer> all(int count, IntFunction<Optional<Layer>> known, Work work)
            throws IOException {
        var layers = new ArrayList<CompletableFuture<Layer>>();
        for (int i = 0; i < count; i++) {
            layers.add(
                    known.apply(i)
                            .map(CompletableFuture::completedFuture)
                            .orElseGet(CompletableFuture::new));
        }
        var unpacking = new ParallelUnpacking(layers, work);
        if (!layers.stream().allMatch(CompletableFuture::isDone)) {
            unpacking.run();
        }
        return unpacking.below(count);
    }

    private void run() throws IOException {
        var end = CompletableFuture.allOf(layers.toArray(CompletableFuture[]::new));
        var threads = Thread.ofPlatform().daemon().name("unpack-", 0).factory();
        var tasks = new ArrayList<Future<?>>();
        try (var workers = Executors.newFixedThreadPool(AT_ONCE, threads)) {
            // In their order: who waits for one below waits for one that was begun before.
            for (int i = 0; i < layers.size(); i++) {
                int index = i;
                if (!layers.get(i).isDone()) {
                    tasks.add(workers.submit(() -> one(index, end)));
                }
            }
            try {
                end.get();
            } finally {
                tasks.forEach(task -> task.cancel(true));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("unpacking was given up");
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    private void one(int index, CompletableFuture<Void> end) {
        try {
            layers.get(index).complete(work.unpack(index, () -> below(index)));
        } catch (IOException | RuntimeException | Error e) {
            end.completeExceptionally(e); // At once, whatever the others are doing.
            layers.get(index).completeExceptionally(e);
        }
    }

    private List<Layer> below(int index) {
        try {
            var below = new ArrayList<Layer>();
            for (var layer : layers.subList(0, index)) {
                below.add(layer.get());
            }
            return List.copyOf(below);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("unpacking was given up");
        } catch (ExecutionException e) {
            throw new CancellationException("a layer below could not be unpacked");
        }
    }
}
