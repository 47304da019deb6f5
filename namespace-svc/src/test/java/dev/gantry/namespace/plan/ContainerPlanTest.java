package dev.gantry.namespace.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.cgroup.CgroupResult.DeviceWrite;
import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.oci.OciHooks;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.contract.oci.OciProcess.Capabilities;
import dev.gantry.bus.contract.oci.OciProcess.Rlimit;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.oci.OciSpec.IdMapping;
import dev.gantry.bus.contract.oci.OciSpec.Namespace;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.kit.Specs;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

class ContainerPlanTest {
    private static final byte[] FILTER = new byte[16];

    private static List<Opcode> codes(LaunchPlan plan) {
        return plan.operations().stream().map(PlanOp::opcode).toList();
    }

    private static void assertRefused(OciSpec spec, String... parts) {
        assertThatThrownBy(() -> Requests.compile(spec).encode())
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault().code())
                                    .isIn(
                                            FaultCode.INVALID_ARGUMENT,
                                            FaultCode.UNSUPPORTED,
                                            FaultCode.PERMISSION_DENIED);
                            assertThat(e.getMessage()).contains(parts);
                        });
    }

    private static <T extends PlanOp> List<T> all(LaunchPlan plan, Class<T> kind) {
        return plan.operations().stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private static <T extends PlanOp> T only(LaunchPlan plan, Class<T> kind) {
        assertThat(all(plan, kind)).hasSize(1);
        return all(plan, kind).getFirst();
    }

    @Test
    void theOrderIsTheSafeOne() {
        var codes = codes(Requests.compile(Specs.of("sh", "-c", "true")));

        assertThat(codes.stream().distinct())
                .containsExactly(
                        Opcode.ID,
                        Opcode.STDIO,
                        Opcode.NAMESPACES,
                        Opcode.PROPAGATION,
                        Opcode.ROOTFS,
                        Opcode.MOUNT,
                        Opcode.MKNOD,
                        Opcode.SYMLINK,
                        Opcode.PIVOT,
                        Opcode.HOSTNAME,
                        Opcode.LOOPBACK_UP,
                        Opcode.MASK,
                        Opcode.READONLY,
                        Opcode.KEYRING,
                        Opcode.ENV,
                        Opcode.CWD,
                        Opcode.WAIT_START,
                        Opcode.GROUPS,
                        Opcode.UID,
                        Opcode.CAPS,
                        Opcode.EXEC);
    }

    @Test
    void withoutNoNewPrivilegesTheFilterComesBeforeTheIds() {
        var plan =
                ContainerPlan.compile(
                        Requests.filtered(Specs.of("sh"), FILTER, 2), HostLimits.UNKNOWN, 0);

        assertThat(codes(plan))
                .containsSubsequence(
                        Opcode.WAIT_START,
                        Opcode.SECCOMP,
                        Opcode.GROUPS,
                        Opcode.UID,
                        Opcode.CAPS,
                        Opcode.INIT,
                        Opcode.EXEC)
                .doesNotContain(Opcode.NO_NEW_PRIVS);
    }

    @Test
    void withNoNewPrivilegesTheFilterComesLast() {
        var spec = Requests.spec(p -> Requests.with(p, p.user(), true));

        var plan = ContainerPlan.compile(Requests.filtered(spec, FILTER, 0), HostLimits.UNKNOWN, 0);

        assertThat(codes(plan))
                .containsSubsequence(
                        Opcode.UID,
                        Opcode.CAPS,
                        Opcode.NO_NEW_PRIVS,
                        Opcode.SECCOMP,
                        Opcode.INIT,
                        Opcode.EXEC);
    }

    @Test
    void hooksStandWhereTheyAreRun() {
        String hook = "[{\"path\":\"/h\"}]";
        var fields = new ArrayList<>(List.of("bundle.path", "\"/b\""));
        for (var stage : OciHooks.Stage.values()) {
            fields.addAll(List.of("hooks." + stage.field(), hook));
        }

        var plan = Requests.compile(Specs.with(Specs.of("sh"), fields.toArray(String[]::new)));

        assertThat(plan.operations().stream().map(op -> text(op)).toList())
                .containsSubsequence(
                        "STATE",
                        "MOUNT",
                        "PRESTART",
                        "CREATE_RUNTIME",
                        "CREATE_CONTAINER",
                        "PIVOT",
                        "WAIT_START",
                        "CAPS",
                        "START_CONTAINER",
                        "EXEC",
                        "POSTSTART",
                        "POSTSTOP");
        assertThat(only(plan, PlanOp.State.class).head()).startsWith("{\"ociVersion\":\"1.2.0\"");
        assertThat(all(plan, PlanOp.Hook.class)).extracting(PlanOp.Hook::timeout).containsOnly(600);
    }

    private static String text(PlanOp op) {
        return op instanceof PlanOp.Hook h ? h.stage().name() : op.opcode().name();
    }

    @Test
    void hooksWithoutABundleAreRefused() {
        assertRefused(
                Specs.with(Specs.of("sh"), "hooks.prestart", "[{\"path\":\"/h\"}]"), "bundle");
    }

    @Test
    void theFiltersListenerIsToldTheState() {
        var spec =
                Specs.with(
                        Specs.of("sh"),
                        "bundle",
                        "{\"ociVersion\":\"1.2.1\",\"path\":\"/b\"}",
                        "listener",
                        "{\"path\":\"/run/a.sock\",\"metadata\":\"m\\\"\"}");

        var plan =
                ContainerPlan.compile(
                        Requests.filtered(spec, FILTER, 8 | 32 | 1), HostLimits.UNKNOWN, 0);

        assertThat(codes(plan)).containsSubsequence(Opcode.STATE, Opcode.LISTENER, Opcode.SECCOMP);
        assertThat(only(plan, PlanOp.Listener.class))
                .isEqualTo(
                        new PlanOp.Listener(
                                "/run/a.sock",
                                "{\"ociVersion\":\"1.2.1\",\"fds\":[\"seccompFd\"],"
                                        + "\"metadata\":\"m\\\"\",\"pid\":"));
        // one thread is synchronised with itself
        assertThat(only(plan, PlanOp.Seccomp.class).flags()).isEqualTo(8 | 32);
        assertThat(all(Requests.compile(spec), PlanOp.Listener.class)).isEmpty();
    }

    @Test
    void labelsAreWrittenWhereTheKernelHasTheModule() {
        var spec =
                Specs.with(
                        Specs.of("sh"),
                        "process.apparmorProfile",
                        "\"box\"",
                        "process.selinuxLabel",
                        "\"a:b:c\"");

        assertThat(all(Requests.compile(spec, true, true), PlanOp.Label.class))
                .containsExactly(
                        new PlanOp.Label("apparmor/exec", "exec box"),
                        new PlanOp.Label("exec", "a:b:c"));
        assertThatThrownBy(() -> Requests.compile(spec, false, true))
                .hasMessageContaining(
                        "process.apparmorProfile \"box\": the kernel has no AppArmor");
        assertThatThrownBy(() -> Requests.compile(spec, true, false))
                .hasMessageContaining("process.selinuxLabel \"a:b:c\": the kernel has no SELinux");
    }

    @Test
    void withoutAppArmorEverythingIsUnconfined() {
        var spec = Specs.with(Specs.of("sh"), "process.apparmorProfile", "\"unconfined\"");

        assertThat(all(Requests.compile(spec), PlanOp.Label.class)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "process.scheduler|{'policy':'SCHED_ISO'}|'SCHED_ISO'",
                "process.scheduler|{'policy':'SCHED_OTHER','nice':20}|nice 20",
                "process.scheduler|{'policy':'SCHED_FIFO'}|priority 0 is not within 1..99",
                "process.scheduler|{'policy':'SCHED_OTHER','priority':1}|priority 1 is not 0",
                "process.scheduler|{'policy':'SCHED_RR','priority':1,'period':1}|of SCHED_DEADLINE",
                "process.scheduler|{'policy':'SCHED_OTHER','flags':['X']}|'X'",
                "process.ioPriority|{'class':'IOPRIO_CLASS_NONE','priority':1}|IOPRIO_CLASS_NONE",
                "process.ioPriority|{'class':'IOPRIO_CLASS_BE','priority':8}|priority 8",
                "process.execCPUAffinity|{'initial':'1-'}|initial '1-'",
                "process.execCPUAffinity|{'final':'3-1'}|final '3-1'",
                "process.execCPUAffinity|{'final':'0-4096'}|final '0-4096'",
                "memoryPolicy|{'mode':'MPOL_ALL'}|mode: unknown value 'MPOL_ALL'",
                "memoryPolicy|{'mode':'MPOL_BIND','flags':['F']}|flags: unknown value 'F'",
                "memoryPolicy|{'mode':'MPOL_BIND','nodes':'1024'}|1024 is not within 0..1023",
                "personality|{'domain':'BSD'}|domain: unknown value 'BSD'",
                "personality|{'domain':'LINUX','flags':['SHORT_INODE']}|'SHORT_INODE'",
            })
    void schedulingThatMakesNoSenseIsRefused(String field, String json, String part) {
        var spec = Specs.with(Specs.of("sh"), field, json.replace('\'', '"'));

        assertThatThrownBy(() -> Requests.compile(spec))
                .isInstanceOf(FaultException.class)
                .satisfies(e -> assertThat(e.getMessage().replace('"', '\'')).contains(part));
    }

    @Test
    void theRootIsAnOverlayOrABoundDirectory() {
        var overlay = only(Requests.compile(Specs.of("sh")), PlanOp.Rootfs.class);

        assertThat(overlay.lowers()).containsExactly("/l/2", "/l/1");
        assertThat(overlay.options()).containsExactly(new PlanOp.Option("userxattr", ""));
    }

    @Test
    void theDefaultDevicesAreThereAndAnAskedOneReplacesItsDefault() {
        var s = Specs.of("sh");
        var device =
                new OciSpec.Device(
                        "c",
                        "/dev/null",
                        1,
                        3,
                        Optional.of(0600),
                        Optional.of(7L),
                        Optional.empty());
        var spec =
                new OciSpec(
                        s.process(),
                        false,
                        "",
                        "",
                        s.mounts(),
                        s.namespaces(),
                        List.of(),
                        List.of(),
                        List.of(device),
                        Map.of(),
                        List.of(),
                        List.of(),
                        "");

        var nodes = all(Requests.compile(spec), PlanOp.Mknod.class);

        assertThat(nodes)
                .extracting(PlanOp.Mknod::path)
                .containsExactlyInAnyOrder(
                        "/dev/zero",
                        "/dev/full",
                        "/dev/random",
                        "/dev/urandom",
                        "/dev/tty",
                        "/dev/null");
        assertThat(nodes).contains(new PlanOp.Mknod("/dev/null", 0020600, 1, 3, 7, 0, false));
    }

    @Test
    void aBoundDevIsLeftAlone() {
        var spec = Requests.mount("bind", "/dev", "/dev", "rbind");

        assertThat(codes(Requests.compile(spec))).doesNotContain(Opcode.MKNOD, Opcode.SYMLINK);
    }

    @Test
    void mountOptionsBecomeAttributesAndData() {
        var spec =
                Requests.mount(
                        "tmpfs", "/t", "", "ro", "nosuid", "noatime", "size=4m", "mode=1777");

        var mount = all(Requests.compile(spec), PlanOp.Mount.class).getLast();

        assertThat(mount.options().here().set()).isEqualTo(1 | 2 | 0x10);
        assertThat(mount.options().data())
                .containsExactly(
                        new PlanOp.Option("size", "4m"), new PlanOp.Option("mode", "1777"));
    }

    @Test
    void aBindIsRecursiveOnlyIfItSaysSoAndReadOnlyAboveOnlyUnlessItSaysRro() {
        var plain =
                all(Requests.compile(Requests.mount("bind", "/a", "/x", "ro")), PlanOp.Mount.class)
                        .getLast();
        var deep =
                all(
                                Requests.compile(
                                        Requests.mount(
                                                "none", "/a", "/x", "rbind", "rro", "rslave")),
                                PlanOp.Mount.class)
                        .getLast();

        assertThat(plain.options().recursive()).isFalse();
        assertThat(plain.options().here()).isEqualTo(new MountOptions.Change(1, 0));
        assertThat(plain.options().below()).isEqualTo(MountOptions.Change.NONE);
        assertThat(plain.options().propagation()).isEqualTo(MountOptions.MS_PRIVATE);
        assertThat(plain.options().propagationBelow()).isFalse();
        assertThat(deep.type()).isEqualTo("bind");
        assertThat(deep.options().recursive()).isTrue();
        assertThat(deep.options().below()).isEqualTo(new MountOptions.Change(1, 0));
        assertThat(deep.options().propagationBelow()).isTrue();
        assertThat(deep.options().propagation()).isEqualTo(MountOptions.MS_SLAVE);
    }

    @ParameterizedTest
    @CsvSource({
        "'ro,rw', 0, 1, 0, 0",
        "'rro,rw', 0, 1, 1, 0",
        "'nosuid,rro', 3, 0, 1, 0",
        "'noatime,norelatime', 0, 112, 0, 0",
        "'rnoatime', 0, 0, 16, 112",
        "'rnosymfollow,rdev', 0, 0, 2097152, 4",
        "'silent,loud,nomand,noiversion,defaults', 0, 0, 0, 0"
    })
    void theLastOptionCounts(String options, long set, long clear, long below, long belowClear) {
        var mount =
                all(
                                Requests.compile(
                                        Requests.mount("bind", "/a", "/x", options.split(","))),
                                PlanOp.Mount.class)
                        .getLast();

        assertThat(mount.options().here()).isEqualTo(new MountOptions.Change(set, clear));
        assertThat(mount.options().below()).isEqualTo(new MountOptions.Change(below, belowClear));
    }

    @Test
    void asyncAndNolazytimeTakeBackWhatWasSaid() {
        var mount =
                all(
                                Requests.compile(
                                        Requests.mount(
                                                "tmpfs",
                                                "/t",
                                                "",
                                                "sync",
                                                "lazytime",
                                                "async",
                                                "nolazytime",
                                                "dirsync")),
                                PlanOp.Mount.class)
                        .getLast();

        assertThat(mount.options().data()).containsExactly(new PlanOp.Option("dirsync", ""));
    }

    @Test
    void anIdMapIsTheMountsOrTheContainers() {
        var own = "[{\"containerID\":0,\"hostID\":7,\"size\":1}]";
        var spec = Requests.mount("bind", "/t", "/x", "ridmap");
        var user =
                Specs.with(
                        spec,
                        "namespaces",
                        "[{\"type\":\"mount\"},{\"type\":\"user\"}]",
                        "hostname",
                        "\"\"",
                        "uidMappings",
                        own,
                        "gidMappings",
                        own);

        var mount = all(Requests.compile(user), PlanOp.Mount.class).getLast();

        assertThat(mount.byShim()).isTrue();
        assertThat(mount.uids()).containsExactly(new IdMapping(0, 7, 1));
        assertRefused(spec, "/t", "idmap has no maps");
        assertRefused(Requests.mount("tmpfs", "/t", "", "idmap"), "/t", "only a bind");
        assertRefused(
                Specs.with(
                        spec,
                        "mounts",
                        "[{\"destination\":\"/t\",\"type\":\"bind\",\"source\":\"/x\",\"uidMappings\":"
                                + own
                                + "}]"),
                "mounts[/t].gidMappings");
    }

    @Test
    void aUserNamespaceSharesNothingWithTheHost() {
        var own = "[{\"containerID\":0,\"hostID\":7,\"size\":1}]";
        var user =
                Specs.with(
                        Requests.mount("bind", "/t", "/x", "rbind", "rshared"),
                        "namespaces",
                        "[{\"type\":\"mount\"},{\"type\":\"user\"}]",
                        "uidMappings",
                        own,
                        "gidMappings",
                        own);

        assertRefused(user, "/t", "user namespace");
    }

    @Test
    void withoutACgroupNamespaceTheContainersOwnDirectoriesAreBound() {
        var mount =
                Specs.with(
                        Specs.of("sh"),
                        "mounts",
                        "[{\"destination\":\"/c\",\"type\":\"cgroup\",\"options\":[\"ro\"]}]",
                        "namespaces",
                        "[{\"type\":\"mount\"}]",
                        "hostname",
                        "\"\"");
        var placement =
                new Placement(
                        Mode.V1,
                        Optional.of("/sys/fs/cgroup/unified/x"),
                        List.of("/sys/fs/cgroup/cpu,cpuacct/x"),
                        List.of());

        var plan = ContainerPlan.compile(Requests.placed(mount, placement), HostLimits.UNKNOWN, 0);

        assertThat(all(plan, PlanOp.Mount.class))
                .filteredOn(m -> m.type().equals("bind"))
                .extracting(PlanOp.Mount::source, PlanOp.Mount::destination)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(
                                "/sys/fs/cgroup/cpu,cpuacct/x", "/c/cpu,cpuacct"),
                        org.assertj.core.groups.Tuple.tuple(
                                "/sys/fs/cgroup/unified/x", "/c/unified"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[{'type':'mount'}]|{'boottime':{'secs':1}}|new time namespace",
                "[{'type':'mount'},{'type':'time','path':'/x'}]|{'boottime':{}}|new time namespace",
                "[{'type':'mount'},{'type':'time'}]|{'realtime':{'secs':1}}|unknown clock",
                "[{'type':'mount'},{'type':'time'}]|{'boottime':{'nanosecs':1000000000}}"
                        + "|nanosecs 1000000000 of boottime"
            })
    void timeOffsetsNeedATimeNamespaceAndAClock(String namespaces, String offsets, String part) {
        var spec =
                Specs.with(
                        Specs.of("sh"),
                        "hostname",
                        "\"\"",
                        "namespaces",
                        namespaces.replace('\'', '"'),
                        "timeOffsets",
                        offsets.replace('\'', '"'));

        assertRefused(spec, "linux.timeOffsets", part);
    }

    @Test
    void aSlaveMountMakesTheTreeSlaveAndNotPrivate() {
        var spec = Requests.mount("bind", "/a", "/x", "rbind", "rslave");

        assertThat(all(Requests.compile(spec), PlanOp.Propagation.class))
                .containsExactly(new PlanOp.Propagation(MountOptions.MS_SLAVE, true));
        assertThat(all(Requests.compile(Specs.of("sh")), PlanOp.Propagation.class))
                .containsExactly(new PlanOp.Propagation(MountOptions.MS_PRIVATE, true));
    }

    @ParameterizedTest
    @CsvSource({
        "tmpfs, sizes=4m",
        "tmpfs, size=",
        "tmpfs, relatim",
        "tmpfs, remount",
        "tmpfs, 'size=1m,mode=7'",
        "bind, size=4m",
        "proc, newline",
        "bind, mand",
        "bind, iversion",
        "bind, tmpcopyup",
        "proc, tmpcopyup",
        "bind, sync"
    })
    void anOptionThatIsNotCarriedOutIsRefusedByName(String type, String option) {
        if (option.contains(",")) {
            // the launcher hands each value to the kernel by itself: a comma cannot add an option
            assertThat(Requests.compile(Requests.mount(type, "/t", "/x", option)).encode())
                    .isNotNull();
            return;
        }
        assertRefused(Requests.mount(type, "/t", "/x", option), option, "/t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "//", "/.", "/a/../b", "/.."})
    void aMountPointIsInsideTheRoot(String destination) {
        assertRefused(Requests.mount("tmpfs", destination, ""), "mount destination");
    }

    @Test
    void nothingButProcIsMountedOnProc() {
        assertRefused(Requests.mount("tmpfs", "/proc", "tmpfs"), "/proc");
        assertRefused(Requests.mount("bind", "/proc", "/tmp", "rbind"), "/proc");
    }

    @ParameterizedTest
    @CsvSource({
        "kernel.shm_rmid_forced, 1",
        "kernel/sem, 250 32000 100 128",
        "net.ipv4.ip_forward, 1",
        "net.ipv4.ping_group_range, 0 2147483647",
        "fs.mqueue.msg_max, 10"
    })
    void namespacedSysctlsAreAllowed(String key, String value) {
        var spec = Requests.sysctl(key, value, Specs.of("sh").namespaces());

        var write = only(Requests.compile(spec), PlanOp.SysctlWrite.class);

        assertThat(write.key()).isEqualTo(key.replace('.', '/'));
    }

    @Test
    void aDotInAnInterfaceNameSurvives() {
        var spec =
                Requests.sysctl(
                        "net.ipv4.conf.eth0/1.forwarding", "1", Specs.of("sh").namespaces());

        assertThat(only(Requests.compile(spec), PlanOp.SysctlWrite.class).key())
                .isEqualTo("net/ipv4/conf/eth0.1/forwarding");
    }

    /** security.md row 9. */
    @ParameterizedTest
    @CsvSource({
        "kernel.core_pattern, x",
        "kernel.hostname, x",
        "kernel.domainname, x",
        "vm.swappiness, 1",
        "fs.file-max, 1",
        "kernel.shm_rmid_forced, 1+kernel.core_pattern=|/x",
        "kernel.shm_rmid_forced, '1\n2'",
        "kernel.shm_rmid_forced, ''",
        "kernel.shm_rmid_forced, ' 1'",
        "net/../kernel/core_pattern, x",
        "net.ipv4....kernel, 1",
        "/net/ipv4/ip_forward, 1",
        "'net.ipv4.ip forward', 1",
        "net.ipv4.ip_forward=1, 1"
    })
    void otherSysctlsAreRefused(String key, String value) {
        assertRefused(Requests.sysctl(key, value, Specs.of("sh").namespaces()), "sysctl");
    }

    @Test
    void aSysctlOfTheHostsNamespaceIsRefused() {
        var mountOnly = List.of(new Namespace("mount", null));

        assertRefused(Requests.sysctl("net.ipv4.ip_forward", "1", mountOnly), "network namespace");
        assertRefused(Requests.sysctl("kernel.sem", "1 2 3 4", mountOnly), "ipc namespace");
    }

    /** security.md row 10. */
    @Test
    void allFiveCapabilitySetsAreSaid() {
        var sets =
                new Capabilities(
                        List.of("CAP_CHOWN", "CAP_KILL"),
                        List.of("CAP_CHOWN"),
                        List.of(),
                        List.of("CAP_CHOWN"),
                        List.of());
        var spec = Requests.spec(p -> Requests.with(p, sets));

        assertThat(only(Requests.compile(spec), PlanOp.Caps.class))
                .isEqualTo(new PlanOp.Caps(0x21, 1, 1, 0, 0));
    }

    @Test
    void impossibleCapabilitySetsAreRefused() {
        var chown = List.of("CAP_CHOWN");
        var none = List.<String>of();
        assertRefused(
                Requests.spec(
                        p -> Requests.with(p, new Capabilities(chown, chown, none, none, none))),
                "effective",
                "cap_chown");
        assertRefused(
                Requests.spec(
                        p -> Requests.with(p, new Capabilities(chown, chown, none, chown, chown))),
                "ambient",
                "inheritable");
        assertRefused(
                Requests.spec(
                        p ->
                                Requests.with(
                                        p,
                                        new Capabilities(
                                                List.of("CAP_ROOT"), none, none, none, none))),
                "CAP_ROOT");
    }

    @Test
    void whatTheLauncherDoesNotHaveIsRefusedBeforeItIsAsked() {
        var host = new HostLimits(Map.of(7, 20000L), false, 0, ~(1L << 24), false, false);
        var high =
                Requests.of(
                        Requests.spec(
                                p ->
                                        Requests.with(
                                                p,
                                                List.of(new Rlimit("RLIMIT_NOFILE", 1, 30000)),
                                                null)));
        var low = Requests.of(Requests.spec(p -> Requests.with(p, List.of(), -5)));

        assertThatThrownBy(() -> ContainerPlan.compile(high, host, 0))
                .hasMessageContainingAll("RLIMIT_NOFILE", "30000", "20000", "CAP_SYS_RESOURCE");
        assertThatThrownBy(() -> ContainerPlan.compile(low, host, 0))
                .hasMessageContainingAll("oomScoreAdj", "-5", "CAP_SYS_RESOURCE");
    }

    @Test
    void limitsAreCheckedWithoutSign() {
        var infinite =
                Requests.spec(
                        p -> Requests.with(p, List.of(new Rlimit("RLIMIT_CORE", -1, -1)), null));
        assertThat(only(Requests.compile(infinite), PlanOp.Limit.class))
                .isEqualTo(new PlanOp.Limit(4, -1, -1));
        assertRefused(
                Requests.spec(
                        p -> Requests.with(p, List.of(new Rlimit("RLIMIT_CORE", -1, 5)), null)),
                "RLIMIT_CORE",
                "unlimited");
        assertRefused(
                Requests.spec(p -> Requests.with(p, List.of(new Rlimit("CORE", 1, 5)), null)),
                "CORE");
    }

    /** security.md row 11. */
    @Test
    void theGroupsAreTheExactListWithThePrimary() {
        var user = new OciProcess.User(1000, 100, List.of(5L, 100L, 5L, 6L), Optional.of(0027));
        var plan = Requests.compile(Requests.spec(p -> Requests.with(p, user, false)));

        assertThat(only(plan, PlanOp.Groups.class).gids()).containsExactly(100L, 5L, 6L);
        assertThat(only(plan, PlanOp.Uid.class)).isEqualTo(new PlanOp.Uid(1000, 100, 0027));
    }

    @Test
    void aMissingWorkingDirectoryIsMadeBeneathTheRootAndBeforeItIsReadOnly() {
        var s = Requests.spec(p -> Requests.in(p, "/srv/app"));
        var spec =
                new OciSpec(
                        s.process(),
                        true,
                        "",
                        "",
                        s.mounts(),
                        s.namespaces(),
                        List.of(),
                        List.of(),
                        List.of(),
                        Map.of(),
                        List.of(),
                        List.of(),
                        "");

        assertThat(codes(Requests.compile(spec)))
                .containsSubsequence(Opcode.PIVOT, Opcode.MKDIR, Opcode.READONLY_ROOT, Opcode.CWD);
        assertRefused(Requests.spec(p -> Requests.in(p, "/srv/../..")), "process.cwd");
    }

    @Test
    void namespacesAreMadeOrEntered() {
        var s = Specs.of("sh");
        var namespaces =
                List.of(
                        new Namespace("mount", null),
                        new Namespace("network", Optional.of("/run/netns/a")),
                        new Namespace("ipc", null));
        var plan = Requests.compile(Requests.sysctl("net.ipv4.ip_forward", "1", namespaces));

        assertThat(only(plan, PlanOp.Namespaces.class).flags())
                .isEqualTo(LinuxNamespaces.NEWNS | LinuxNamespaces.NEWIPC);
        assertThat(only(plan, PlanOp.JoinPath.class))
                .isEqualTo(new PlanOp.JoinPath(LinuxNamespaces.NEWNET, "/run/netns/a"));
        assertThat(codes(plan)).doesNotContain(Opcode.LOOPBACK_UP);
        assertThat(s.namespaces()).isNotEmpty();
    }

    @Test
    void theMountNamespaceIsEnteredLast() {
        var plan =
                Requests.compile(
                        Requests.sysctl(
                                "kernel.sem",
                                "1",
                                List.of(
                                        new Namespace("mount", Optional.of("/proc/2/ns/mnt")),
                                        new Namespace("ipc", Optional.of("/proc/2/ns/ipc")))));

        assertThat(all(plan, PlanOp.JoinPath.class))
                .containsExactly(
                        new PlanOp.JoinPath(LinuxNamespaces.NEWIPC, "/proc/2/ns/ipc"),
                        new PlanOp.JoinPath(LinuxNamespaces.NEWNS, "/proc/2/ns/mnt"));
        var withUsers =
                List.of(
                        new Namespace("ipc", null),
                        new Namespace("user", null),
                        new Namespace("mount", Optional.of("/proc/2/ns/mnt")));
        assertRefused(Requests.sysctl("kernel.sem", "1", withUsers), "with a user namespace");
    }

    @ParameterizedTest
    @CsvSource({"time,", "user,/x", "mount,x", "network,x", "network,/a/../b", "cg,"})
    void namespacesThatCannotBeAreRefused(String type, String path) {
        var namespaces =
                List.of(new Namespace("ipc", null), new Namespace(type, Optional.ofNullable(path)));

        assertRefused(Requests.sysctl("kernel.sem", "1", namespaces), "linux.namespaces");
    }

    @Test
    void idMapsMustNotOverlap() {
        assertThatThrownBy(
                        () ->
                                IdMaps.check(
                                        "uid",
                                        List.of(
                                                new IdMapping(0, 100000, 65536),
                                                new IdMapping(65535, 200000, 1))))
                .hasMessageContaining("overlap");
        assertThatThrownBy(() -> IdMaps.check("gid", List.of(new IdMapping(0, 4294967000L, 65536))))
                .hasMessageContaining("beyond");
    }

    @Test
    void v1CgroupsAreEnteredWrittenAndShown() {
        var placement =
                new Placement(
                        Mode.HYBRID,
                        Optional.of("/sys/fs/cgroup/unified/g/box"),
                        List.of("/sys/fs/cgroup/cpu,cpuacct/g/box", "/sys/fs/cgroup/systemd/g/box"),
                        List.of(new DeviceWrite("/sys/fs/cgroup/devices/g/box/devices.deny", "a")));
        var spec = Requests.mount("cgroup", "/sys/fs/cgroup", "cgroup", "nosuid", "ro");

        var plan = ContainerPlan.compile(Requests.placed(spec, placement), HostLimits.UNKNOWN, 0);

        assertThat(codes(plan))
                .containsSubsequence(Opcode.CGROUP_WRITE, Opcode.CGROUP, Opcode.NAMESPACES);
        assertThat(only(plan, PlanOp.Cgroup.class).dirs())
                .extracting(PlanOp.CgroupDir::version)
                .containsExactly(1, 1, 2);
        assertThat(all(plan, PlanOp.Mount.class))
                .filteredOn(m -> m.type().startsWith("cgroup"))
                .extracting(PlanOp.Mount::destination)
                .containsExactly(
                        "/sys/fs/cgroup/cpu,cpuacct",
                        "/sys/fs/cgroup/systemd",
                        "/sys/fs/cgroup/unified");
        assertThat(plan.operations())
                .contains(
                        new PlanOp.Symlink("cpu,cpuacct", "/sys/fs/cgroup/cpu"),
                        new PlanOp.Readonly("/sys/fs/cgroup", false));
    }

    @Test
    void tooMuchIsRefused() {
        var mounts =
                LongStream.range(0, 2000)
                        .mapToObj(i -> new OciMount("/m" + i, "tmpfs", "", List.of()))
                        .toList();
        assertRefused(Specs.spec(Specs.process(false, "sh"), mounts), "1024");
        assertRefused(Specs.of("x".repeat(70_000)), "65536");
        assertRefused(Specs.of("a\0b"), "NUL");
        assertRefused(Specs.of("a\ud800b"), "surrogate");
    }
}
