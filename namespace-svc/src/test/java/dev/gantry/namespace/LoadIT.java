package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.client.AttachClient;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Delete;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.State;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.namespace.NamespaceResult.Created;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.kit.Specs;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/** Shims under load: nothing is lost, and nothing of them grows. */
@RequiresRoot
class LoadIT extends HostedFixture {
    private static final Duration WITHIN = Duration.ofSeconds(60);

    private static final int BLOCK = (1 << 20) - 3;
    private static final int GIGABYTE = (1 << 30) / BLOCK;
    private static final long FLAT_KILOBYTES = 256;

    private final byte[] pattern = new byte[BLOCK];
    private Path block;
    private String id;

    @BeforeEach
    void makeBlock() throws IOException {
        new Random(1).nextBytes(pattern);
        block = Files.write(home.resolve("block"), pattern);
    }

    @AfterEach
    void delete() {
        ask(new Delete(id, true));
    }

    /** Each byte is compared with what was written at its place. */
    private final class Comparing extends OutputStream {
        private long count;

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            for (int done = 0; done < length; ) {
                int at = (int) (count % BLOCK);
                int part = Math.min(length - done, BLOCK - at);
                if (!java.util.Arrays.equals(
                        bytes, from + done, from + done + part, pattern, at, at + part)) {
                    throw new IllegalStateException("other bytes near " + count);
                }
                done += part;
                count += part;
            }
        }
    }

    private Created created(OciSpec spec, Optional<Path> log, boolean init) {
        id = newId();
        var stdio = new Stdio(false, false, log.map(Path::toString), 64 << 20, 2);
        return ask(new Create(id, spec, rootfs(id), null, Optional.empty(), 0, stdio, init, false));
    }

    /** Writes the block so many times. */
    private OciSpec writing(int times) {
        var mounts = new ArrayList<>(Specs.MOUNTS);
        mounts.add(new OciMount("/block", "bind", block.toString(), List.of("bind", "ro")));
        var script = "i=0; while [ $i -lt " + times + " ]; do cat /block; i=$((i+1)); done";
        return Specs.spec(Specs.process(false, "sh", "-c", script), mounts);
    }

    private static long shim(Created created) {
        return ProcessHandle.of(created.pid()).orElseThrow().parent().orElseThrow().pid();
    }

    private static long kilobytes(long pid, String file, String key) throws IOException {
        return Files.readAllLines(Path.of("/proc", "" + pid, file)).stream()
                .filter(line -> line.startsWith(key + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    private static long descriptors(long pid) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc", "" + pid, "fd"))) {
            return all.count();
        }
    }

    @Test
    void aGigabyteComesThroughWholeAndInOrder() throws Exception {
        var created = created(writing(GIGABYTE), Optional.empty(), false);
        var out = new Comparing();
        try (var client = attach(created, AttachClient.BLOCKING)) {
            ask(new Start(id));

            assertThat(client.pump(out, OutputStream.nullOutputStream())).hasValue(0);

            assertThat(out.count).isEqualTo((long) GIGABYTE * BLOCK);
        }
    }

    @Test
    void theLogHasAllOfItToTheLastByte() throws Exception {
        var log = home.resolve("load.log");
        var script = "i=0; while [ $i -lt 200000 ]; do echo line $i; i=$((i+1)); done";
        var created = created(spec(script), Optional.of(log), false);
        long shim = shim(created);
        ask(new Start(id));
        until(
                WITHIN,
                () -> ProcessHandle.of(shim).isEmpty(),
                "its shim has written all and is gone");
        assertThat(ask(new State(id)).status()).isEqualTo(Status.STOPPED);

        try (var lines = Files.lines(log)) {
            int[] next = {0};
            lines.forEach(
                    line -> {
                        assertThat(line).endsWith("stdout F line " + next[0]);
                        next[0]++;
                    });
            assertThat(next[0]).isEqualTo(200_000);
        }
    }

    @Test
    void aReaderThatStallsHoldsUpTheWriterAndOneThatNeedNotBeWaitedForIsDropped() throws Exception {
        int times = 64;
        var created = created(writing(times), Optional.empty(), false);
        long shim = shim(created);
        long before = kilobytes(shim, "status", "VmRSS");
        var out = new Comparing();
        var resumed = new CountDownLatch(1);
        var stalled =
                new OutputStream() {
                    @Override
                    public void write(int b) {
                        throw new IllegalStateException("not asked for");
                    }

                    @Override
                    public void write(byte[] bytes, int from, int length) {
                        await(resumed);
                        out.write(bytes, from, length);
                    }
                };
        try (var waitedFor = attach(created, AttachClient.BLOCKING);
                var other = attach(created, 0)) {
            ask(new Start(id));
            var reader = Thread.ofPlatform().start(() -> pump(waitedFor, stalled));
            // the pipes fill, and then the writer sleeps in its write
            until(
                    WITHIN,
                    () ->
                            ProcessHandle.of(created.pid())
                                    .orElseThrow()
                                    .descendants()
                                    .anyMatch(LoadIT::waitsForPipe),
                    "the writer is held up");
            assertThat(ask(new State(id)).status()).isEqualTo(Status.RUNNING);
            assertThat(kilobytes(shim, "status", "VmRSS")).isLessThan(before + 4096);

            resumed.countDown();
            reader.join();

            assertThat(out.count).isEqualTo((long) times * BLOCK);
            var got = new Comparing();
            try {
                other.pump(got, OutputStream.nullOutputStream());
            } catch (FaultException dropped) {
                assertThat(dropped).hasMessageContaining("behind");
            }
            assertThat(got.count).isLessThan((long) times * BLOCK);
        }
    }

    private static boolean waitsForPipe(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", "" + process.pid(), "wchan")).contains("pipe");
        } catch (IOException ended) {
            return false;
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static void pump(AttachClient client, OutputStream out) {
        try {
            assertThat(client.pump(out, OutputStream.nullOutputStream())).hasValue(0);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void thousandsOfOrphansAreReapedByItsInitOrByTheShim() throws Exception {
        // each of 50 shells leaves 100 processes behind that end after it
        var orphans =
                "i=0; while [ $i -lt 50 ]; do sh -c 'for j in $(seq 100); do (exec true) & done';"
                        + " i=$((i+1)); done; touch /made; read end";
        for (boolean own : new boolean[] {true, false}) {
            var spec =
                    own
                            ? spec(orphans)
                            : spec(
                                    orphans,
                                    "namespaces",
                                    "[{\"type\":\"mount\"},{\"type\":\"ipc\"},{\"type\":\"uts\"}]");
            id = newId();
            var created =
                    ask(
                            new Create(
                                    id,
                                    spec,
                                    rootfs(id),
                                    null,
                                    Optional.empty(),
                                    0,
                                    new Stdio(true, false, null, 0, 0),
                                    own,
                                    false));
            long shim = shim(created);
            var reaper = own ? created.pid() : shim;
            try (var client = attach(created, AttachClient.BLOCKING | AttachClient.STDIN)) {
                ask(new Start(id));
                var made = upper(id).resolve("made");
                until(WITHIN, () -> Files.exists(made), made + " is there");
                until(
                        WITHIN,
                        () -> children(reaper) == 1,
                        "none but the command is left to " + reaper);
                assertThat(children(shim)).isEqualTo(1);
                client.write(new byte[] {'\n'}, 1);

                assertThat(output(client).code()).isZero();
            }
            if (own) {
                ask(new Delete(id, true));
            }
        }
    }

    /** Zombies among them. */
    private static long children(long parent) throws IOException {
        var file = Path.of("/proc", "" + parent, "task", "" + parent, "children");
        return Files.readString(file).split(" ").length;
    }

    @Test
    void tenThousandWhoAttachAndDropLeaveNothingBehind() throws Exception {
        var created = created(spec("exec sleep 1000"), Optional.empty(), false);
        ask(new Start(id));
        long shim = shim(created);
        long descriptors = descriptors(shim);
        attachAndDrop(created, 100); // what is allocated once is there
        until(WITHIN, () -> descriptors(shim) == descriptors, "the first are gone");
        long before = kilobytes(shim, "status", "VmRSS");

        attachAndDrop(created, 10_000);

        until(WITHIN, () -> descriptors(shim) == descriptors, "all are gone");
        assertThat(kilobytes(shim, "status", "VmRSS")).isLessThan(before + FLAT_KILOBYTES);
        assertThat(kilobytes(shim, "status", "Threads")).isEqualTo(1);
        assertThat(ask(new State(id)).status()).isEqualTo(Status.RUNNING);
    }

    private void attachAndDrop(Created created, int times) throws IOException {
        for (int i = 0; i < times; i++) {
            attach(created, i % 8).close();
        }
    }

    @Test
    void aShimTakesLessThanHalfAMegabyte() throws Exception {
        var created = created(spec("exec sleep 1000"), Optional.empty(), false);
        ask(new Start(id));
        long pss = kilobytes(shim(created), "smaps_rollup", "Pss");

        System.out.println("a shim: PSS " + pss + " kB");

        assertThat(pss).isLessThan(500);
    }
}
