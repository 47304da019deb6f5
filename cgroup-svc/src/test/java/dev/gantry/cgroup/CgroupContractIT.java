package dev.gantry.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Event;
import dev.gantry.bus.LocalBus;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.kit.CgroupContractKit;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.cgroup.kernel.LinuxCgroupKernel;

import io.vertx.core.Vertx;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The verticle passes the kit of its address, over the in-memory bus. */
@RequiresRoot
class CgroupContractIT extends CgroupContractKit {
    @TempDir Path directory;

    private final Vertx vertx = Vertx.vertx();
    private final LocalBus bus = new LocalBus();
    private Layout layout;

    @BeforeEach
    void deploy() throws Exception {
        layout = Layout.below(directory);
        var context = new ServiceContext(bus, layout, false, true);
        vertx.deployVerticle(new CgroupProvider().verticle(context))
                .toCompletionStage()
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
    }

    @Override
    protected void stop() throws Exception {
        var kernel = new LinuxCgroupKernel();
        for (var tree : new Subtree(kernel, layout.instance()).establish().all()) {
            kernel.rmdir(tree.root()).orThrow("rmdir %s", tree.root());
        }
        bus.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    @Override
    protected Bus bus() {
        return bus;
    }

    @Test
    void outOfMemoryIsAnEvent() throws Exception {
        var events = new LinkedBlockingQueue<Event>();
        bus.subscribe("events.cgroup.*", events::add);
        var created =
                bus.ask(
                        CgroupOperation.CONTRACT,
                        new CgroupOperation.Create("hog", Resources.memory(32 << 20), false),
                        CallOptions.DEFAULT);

        var hog = new ProcessBuilder("sh", "-c", "read go; exec tail /dev/zero").start();
        for (var path : created.placement().v1Paths()) {
            Files.writeString(Path.of(path, "cgroup.procs"), "" + hog.pid());
        }
        for (var path : created.placement().unifiedPath().stream().toList()) {
            Files.writeString(Path.of(path, "cgroup.procs"), "" + hog.pid());
        }
        hog.getOutputStream().write('\n');
        hog.getOutputStream().flush();
        assertThat(hog.waitFor()).isEqualTo(137);

        var event = events.poll(60, TimeUnit.SECONDS);
        assertThat(event.topic()).isEqualTo("events.cgroup.oom");
        assertThat(event.body().get("id").asText()).isEqualTo("hog");
        assertThat(event.body().get("limitBytes").asLong()).isEqualTo(32 << 20);
        assertThat(event.body().get("oomKills").asLong()).isPositive();
        assertThat(event.body().get("timeNanos").asLong()).isPositive();
        bus.ask(CgroupOperation.CONTRACT, new CgroupOperation.Delete("hog"), CallOptions.DEFAULT);
    }
}
