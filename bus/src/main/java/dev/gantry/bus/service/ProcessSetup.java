package dev.gantry.bus.service;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;

/** What every process of Gantry's does first: small pools, one line a log record. */
public final class ProcessSetup {
    private ProcessSetup() {}

    /** Sets defaults that must stand before the first log record and the first virtual thread. */
    public static void prepare() {
        setDefault("java.util.logging.SimpleFormatter.format", "%4$s %3$s: %5$s%6$s%n");
        // No name is ever looked up by a service's event loop.
        setDefault("vertx.disableDnsResolver", "true");
        setDefault("vertx.disableMetrics", "true");
        // A kernel call holds its carrier thread: more of them than processors are needed.
        setDefault("jdk.virtualThreadScheduler.parallelism", "8");
        // Memory is counted: one small arena, chunks of 128 KiB, no cache per thread.
        setDefault("io.netty.allocator.type", "pooled");
        setDefault("io.netty.allocator.numHeapArenas", "1");
        setDefault("io.netty.allocator.numDirectArenas", "1");
        setDefault("io.netty.allocator.maxOrder", "4");
    }

    /** One event loop, native transport. */
    public static Vertx vertx() {
        return Vertx.vertx(
                new VertxOptions()
                        .setPreferNativeTransport(true)
                        .setEventLoopPoolSize(1)
                        .setWorkerPoolSize(2)
                        .setInternalBlockingPoolSize(1)
                        .setFileSystemOptions(
                                new FileSystemOptions()
                                        .setFileCachingEnabled(false)
                                        .setClassPathResolvingEnabled(false)));
    }

    /** One line on standard error. */
    public static void log(String who, String line) {
        System.err.println(who + ": " + line);
    }

    /** One line on standard error, and the end of the process with status 1. */
    public static void fail(String who, String line) {
        log(who, line);
        Runtime.getRuntime().halt(1);
    }

    private static void setDefault(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
