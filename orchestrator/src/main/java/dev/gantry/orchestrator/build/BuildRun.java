package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.BuildResult.Kind;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.build.dockerfile.Dockerfile;
import dev.gantry.orchestrator.build.dockerfile.Place;
import dev.gantry.orchestrator.engine.ContainerEngine;
import dev.gantry.orchestrator.services.Services;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One build from its beginning to its end: the stages that are needed, each on a thread of its own,
 * so that those which do not need each other are built at the same time.
 */
final class BuildRun {
    private static final int STEPS_AT_ONCE =
            Math.max(2, Runtime.getRuntime().availableProcessors());

    private final Dockerfile dockerfile;
    private final RunningBuild build;
    private final ContainerEngine engine;
    private final Images images;
    private final BuildCache cache;
    private final CacheMounts cacheMounts;
    private final StageNames names;
    private final Platform target;
    private final BuildArguments arguments;
    private final Optional<Long> epoch;
    private final Semaphore steps = new Semaphore(STEPS_AT_ONCE);
    private final Map<Integer, CompletableFuture<StageResult>> stages = new HashMap<>();
    private final Set<String> used = new LinkedHashSet<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Set<String> laidOut = new LinkedHashSet<>();

    BuildRun(
            Dockerfile dockerfile,
            RunningBuild build,
            ContainerEngine engine,
            Images images,
            BuildCache cache,
            CacheMounts cacheMounts) {
        this.dockerfile = dockerfile;
        this.build = build;
        this.engine = engine;
        this.images = images;
        this.cache = cache;
        this.cacheMounts = cacheMounts;
        this.names = new StageNames(dockerfile);
        this.epoch = epoch(build.spec().buildArgs());
        this.target = build.spec().platform().map(Platform::parse).orElseGet(Platform::host);
        this.arguments =
                BuildArguments.outermost(
                        dockerfile.escape(),
                        build.spec().buildArgs(),
                        platforms(target),
                        dockerfile.parameters());
        used.addAll(arguments.used());
    }

    private static Optional<Long> epoch(Map<String, String> given) {
        var text = given.get("SOURCE_DATE_EPOCH");
        if (text == null || text.isEmpty()) {
            return Optional.empty();
        }
        if (!text.matches("[0-9]{1,12}")) {
            throw FaultException.invalid(
                    "SOURCE_DATE_EPOCH %s is not a number of seconds", Names.quote(text));
        }
        return Optional.of(Long.parseLong(text));
    }

    /** What stages are for that do not say otherwise. */
    Platform target() {
        return target;
    }

    private static Map<String, String> platforms(Platform target) {
        var known = new LinkedHashMap<String, String>();
        put(known, "BUILD", Platform.host());
        put(known, "TARGET", target);
        return known;
    }

    private static void put(Map<String, String> known, String prefix, Platform platform) {
        known.put(prefix + "PLATFORM", platform.toString());
        known.put(prefix + "OS", platform.os());
        known.put(prefix + "ARCH", platform.architecture());
        known.put(prefix + "VARIANT", platform.variant());
    }

    /** How many stages are needed. */
    int needed() {
        return names.needs(names.target(build.spec().target())).cardinality();
    }

    /** Builds it; what comes of it is told to the running build. */
    void run() {
        try {
            int target = names.target(build.spec().target());
            // All of them are begun at once, the earliest first: each waits for what it needs.
            names.needs(target).stream().forEach(this::begin);
            var result = stage(target);
            for (var tag : build.spec().tags()) {
                images.ask(new StorageOperation.Tag(result.digest(), tag));
            }
            tellUnused();
            build.succeeded(result.id(), result.digest());
        } catch (RuntimeException | Error e) {
            build.cancel();
            var first = failure.get();
            build.failed(Services.fault(first == null ? e : first).fault());
        } finally {
            awaitStages();
            forget();
            build.ended();
        }
    }

    private void tellUnused() {
        synchronized (used) {
            for (var name : build.spec().buildArgs().keySet()) {
                if (!used.contains(name) && !BuildArguments.isPredefined(name)) {
                    build.progress()
                            .tell(
                                    Kind.NOTE,
                                    new Progress.Step("", 0, 0),
                                    "build argument " + name + " is not used by any ARG",
                                    Optional.empty());
                }
            }
        }
    }

    private void awaitStages() {
        Map<Integer, CompletableFuture<StageResult>> all;
        synchronized (stages) {
            all = Map.copyOf(stages);
        }
        all.values().forEach(stage -> stage.handle((result, failure) -> true).join());
    }

    private void forget() {
        synchronized (laidOut) {
            if (!laidOut.isEmpty()) {
                images.step(
                        new dev.gantry.bus.contract.storage.BuildStep.Forget(
                                java.util.List.copyOf(laidOut)));
                laidOut.clear();
            }
        }
    }

    /** What lies on the host for the time of the build. */
    void laidOut(String name) {
        synchronized (laidOut) {
            laidOut.add(name);
        }
    }

    private CompletableFuture<StageResult> begin(int index) {
        synchronized (stages) {
            return stages.computeIfAbsent(
                    index,
                    i -> {
                        var done = new CompletableFuture<StageResult>();
                        Thread.ofVirtual()
                                .name("build-" + build.id() + "-" + i)
                                .start(() -> complete(done, i));
                        return done;
                    });
        }
    }

    private void complete(CompletableFuture<StageResult> done, int index) {
        try {
            done.complete(new StageBuild(this, index).run());
        } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e); // those that end for it say only that they were ended
            build.cancel();
            done.completeExceptionally(e);
        }
    }

    /** What a stage came to, once it has. */
    StageResult stage(int index) {
        return Services.await(begin(index));
    }

    /** Does something of a step that costs; a few at a time. */
    <T> T costly(java.util.function.Supplier<T> work) {
        build.check();
        steps.acquireUninterruptibly();
        try {
            build.check();
            return work.get();
        } finally {
            steps.release();
        }
    }

    /** The context's directory on the host. */
    String context(Place place) {
        return build.spec()
                .context()
                .orElseThrow(
                        () ->
                                place.refuse(
                                        "there is no context to take files from: the Dockerfile"
                                                + " came alone"));
    }

    void used(Set<String> arguments) {
        synchronized (used) {
            used.addAll(arguments);
        }
    }

    Dockerfile dockerfile() {
        return dockerfile;
    }

    RunningBuild build() {
        return build;
    }

    ContainerEngine engine() {
        return engine;
    }

    Images images() {
        return images;
    }

    BuildCache cache() {
        return cache;
    }

    CacheMounts cacheMounts() {
        return cacheMounts;
    }

    StageNames names() {
        return names;
    }

    BuildArguments arguments() {
        return arguments;
    }

    /** The time of all that is made, where the build is to be reproducible. */
    Optional<Long> epoch() {
        return epoch;
    }

    /** Whether the stage is the one that is built. */
    boolean isTarget(int index) {
        return names.target(build.spec().target()) == index;
    }

    /** A fault of a step, said with its line. */
    static FaultException at(Place place, FaultException e) {
        var message = e.fault().message();
        if (message.startsWith(place.file() + ":") || e.fault().code() == FaultCode.UNAVAILABLE) {
            return e;
        }
        var fault = e.fault();
        return new FaultException(
                new dev.gantry.bus.fault.Fault(
                        fault.code(),
                        fault.operation(),
                        fault.subject(),
                        place + ": " + message,
                        fault.errno()),
                e);
    }
}
