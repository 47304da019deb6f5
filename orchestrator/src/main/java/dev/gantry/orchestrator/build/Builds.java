package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.container.BuildOperation;
import dev.gantry.bus.contract.container.BuildResult;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.build.dockerfile.Dockerfile;
import dev.gantry.orchestrator.engine.ContainerEngine;
import dev.gantry.orchestrator.model.ContainerIds;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Builds images. A build lives in this process alone: what one leaves behind that was interrupted
 * by the process's end is removed when the next run begins.
 */
public final class Builds implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Builds.class.getName());
    private static final int MOST = 64;
    private static final Duration CLEARING = Duration.ofMinutes(1);

    private final ContainerEngine engine;
    private final Images images;
    private final BuildCache cache;
    private final CacheMounts cacheMounts = new CacheMounts();
    private final Map<String, RunningBuild> builds = new ConcurrentHashMap<>();
    private ScheduledExecutorService timer;

    /**
     * Over an engine.
     *
     * @param state directory of the orchestrator's own files
     */
    public Builds(ContainerEngine engine, Services services, Path state) {
        this.engine = engine;
        this.images = new Images(services);
        this.cache = new BuildCache(state);
    }

    /** Removes the containers of builds that an earlier run of this process has left. */
    public void clearLeftovers() {
        Thread.ofVirtual().name("builds-leftovers").start(this::removeLeftovers);
    }

    private void removeLeftovers() {
        try {
            var left =
                    engine.list(
                            new ContainerOperation.ListAll(
                                    true, Map.of("label", StepContainer.LABEL)),
                            Caller.within(CLEARING));
            if (builds.isEmpty()) {
                images.step(new BuildStep.Forget(List.of())); // secrets among them
            }
            for (var container : left.containers()) {
                if (!builds.containsKey(container.labels().get(StepContainer.LABEL))) {
                    engine.remove(
                            new ContainerOperation.Remove(container.id(), true),
                            Caller.within(CLEARING));
                }
            }
        } catch (FaultException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "containers of an interrupted build stay: {0}",
                    e.getMessage());
        }
    }

    /** Does what is asked. */
    public Object carryOut(BuildOperation<?> operation) {
        return switch (operation) {
            case BuildOperation.Begin begin -> begin(begin);
            case BuildOperation.Follow(var id, var after, var timeout) ->
                    find(id).after(after, timeout);
            case BuildOperation.Cancel(var id) -> {
                var build = find(id);
                build.cancel();
                build.awaitEnd();
                yield Done.nothing();
            }
            case BuildOperation.Prune prune ->
                    new BuildResult.Pruned(cache.clear(), CacheMounts.prune(images));
        };
    }

    private RunningBuild find(String id) {
        var build = builds.get(id);
        if (build == null) {
            throw FaultException.of(FaultCode.NOT_FOUND, "no such build: %s", id);
        }
        return build;
    }

    private BuildResult.Begun begin(BuildOperation.Begin begin) {
        var spec = begin.spec();
        var dockerfile = Dockerfile.parse(spec.file(), spec.dockerfile());
        if (builds.values().stream().filter(build -> !build.hasEnded()).count() >= MOST) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED, "%d builds are going on already", MOST);
        }
        var id = "b" + ContainerIds.fresh().substring(0, 24);
        var build = new RunningBuild(id, spec, engine);
        var run = new BuildRun(dockerfile, build, engine, images, cache, cacheMounts);
        int needed = run.needed();
        builds.put(id, build);
        watch();
        Thread.ofVirtual().name("build-" + id).start(run::run);
        return new BuildResult.Begun(id, needed);
    }

    /** Builds that nobody asks after are ended, and forgotten when they have. */
    private synchronized void watch() {
        if (timer == null) {
            timer =
                    Executors.newSingleThreadScheduledExecutor(
                            Thread.ofPlatform().daemon().name("builds").factory());
            timer.scheduleWithFixedDelay(this::look, 5, 5, TimeUnit.SECONDS);
        }
    }

    private void look() {
        try {
            for (var build : builds.values()) {
                if (build.isForgotten()) {
                    if (build.hasEnded()) {
                        builds.remove(build.id());
                    } else {
                        build.cancel();
                    }
                }
            }
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "builds that nobody asks after stay", e);
        }
    }

    /** Ends all builds. */
    @Override
    public synchronized void close() {
        builds.values().forEach(RunningBuild::cancel);
        builds.values().forEach(RunningBuild::awaitEnd);
        if (timer != null) {
            timer.shutdownNow();
        }
    }
}
