package dev.gantry.orchestrator.supervisor;

import dev.gantry.bus.service.Layout;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Who runs as whom and with which capabilities: the whole of it, for review. The systemd units of
 * the modules say the same.
 */
public final class ServiceTable {
    /** The services' users: numbers, which need no line in /etc/passwd. */
    static final int BUS = 64210;

    static final int ORCHESTRATOR = 64211;
    public static final int NAMESPACE = 64212;
    public static final int CGROUP = 64213;
    static final int SECCOMP = 64214;
    static final int STORAGE = 64215;
    static final int NETWORK = 64216;

    /** Flags of every service's JVM: small, from an AOT cache, no file in /tmp. */
    private static final List<String> JVM =
            List.of(
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:-UsePerfData",
                    "-XX:+UseCompactObjectHeaders",
                    // The cache at its own address needs no patching, so its pages are shared.
                    "-XX:+UnlockDiagnosticVMOptions",
                    "-XX:ArchiveRelocationMode=0",
                    "-XX:ReservedCodeCacheSize=48m",
                    "-Xss512k",
                    "-Xms8m",
                    "-XX:MinHeapFreeRatio=10",
                    "-XX:MaxHeapFreeRatio=30",
                    "-Djdk.virtualThreadScheduler.parallelism=2",
                    "-Djava.net.preferIPv4Stack=true",
                    "-Dio.netty.allocator.numDirectArenas=1",
                    "-Dio.netty.allocator.numHeapArenas=1",
                    "-Dio.netty.allocator.pageSize=4096",
                    "-Dio.netty.allocator.maxOrder=6",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow");

    /** Flags of every service's JVM. */
    public static List<String> jvmFlags() {
        return JVM;
    }

    /**
     * The services' users in the form of sysusers.d(5): systemd starts nothing as a user without a
     * name.
     */
    public static String sysusers() {
        var lines = new StringBuilder();
        for (var service : ALL) {
            if (service.uid() != 0) {
                lines.append(
                        "u gantry-%s %d \"Gantry %s\"%n"
                                .formatted(service.name(), service.uid(), service.name()));
            }
        }
        return lines.toString();
    }

    /**
     * A process of Gantry.
     *
     * @param uid its user and group
     * @param capabilities names for setpriv(1), without CAP_
     * @param mainClass of its JVM; empty: not a JVM
     * @param heapMegabytes the most heap
     */
    record Service(
            String name, int uid, List<String> capabilities, String mainClass, int heapMegabytes) {
        /** The launcher does not: it is ready when it listens and has no start-up to speak of. */
        boolean notifies() {
            return !mainClass.isEmpty();
        }
    }

    /** All processes, in the order in which they are started. */
    static final List<Service> ALL =
            List.of(
                    new Service("launcher", 0, List.of("all"), "", 0),
                    service("bus", BUS, "dev.gantry.bus.broker.Main", 48),
                    service("orchestrator", ORCHESTRATOR, "dev.gantry.orchestrator.Main", 64),
                    service("namespace-svc", NAMESPACE, "dev.gantry.namespace.Main", 48),
                    service("cgroup-svc", CGROUP, "dev.gantry.cgroup.Main", 32, "bpf", "net_admin"),
                    service("seccomp-svc", SECCOMP, "dev.gantry.seccomp.Main", 48),
                    service(
                            "storage-svc",
                            STORAGE,
                            "dev.gantry.storage.Main",
                            96,
                            "chown",
                            "dac_override",
                            "fowner",
                            "fsetid",
                            "setfcap"),
                    service(
                            "network-svc",
                            NETWORK,
                            "dev.gantry.network.Main",
                            48,
                            "net_admin",
                            "sys_admin"),
                    // It does what root could do by the same command in a process of its own.
                    new Service(
                            "cli",
                            0,
                            List.of("all"),
                            "dev.gantry.orchestrator.resident.Main",
                            128));

    private ServiceTable() {}

    private static Service service(
            String name, int uid, String mainClass, int heap, String... capabilities) {
        return new Service(name, uid, List.of(capabilities), mainClass, heap);
    }

    /** The command that runs a service from the installation at {@code home}. */
    static List<String> command(Service service, Path home, Layout layout) {
        if (service.mainClass().isEmpty()) {
            return List.of(
                    home.resolve("launcher/gantry-launcher").toString(),
                    "--socket",
                    layout.launcherSocket().toString(),
                    "--uid",
                    Integer.toString(NAMESPACE),
                    "--gid",
                    Integer.toString(NAMESPACE),
                    "--state",
                    layout.containers().toString());
        }
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM);
        command.add("-Xmx" + service.heapMegabytes() + "m");
        var cache = home.resolve("services.aot");
        if (java.nio.file.Files.exists(cache)) {
            command.add("-XX:AOTCache=" + cache);
            command.add("-Xlog:disable");
            command.add("-Xlog:all=error:stderr");
        }
        command.add("-Dgantry.home=" + home);
        command.add("-cp");
        command.add(classPath(home));
        command.add(service.mainClass());
        command.addAll(
                List.of("--run", layout.run().toString(), "--state", layout.state().toString()));
        return command;
    }

    /** One class path for all, so that they share one AOT cache and its pages. */
    static String classPath(Path home) {
        try {
            return java.nio.file.Files.readString(home.resolve("services.classpath")).strip();
        } catch (java.io.IOException e) {
            throw dev.gantry.bus.fault.FaultException.of(
                    dev.gantry.bus.fault.FaultCode.FAILED_PRECONDITION,
                    "the installation at %s is not whole: %s",
                    home,
                    e);
        }
    }

    /**
     * The same command, run as a service's user with its capabilities and no way to more. Signals
     * the process when the supervisor's thread dies, so that no service outlives its supervisor
     * unseen.
     */
    static List<String> confined(Service service, List<String> command) {
        if (service.uid() == 0) {
            var watched = new ArrayList<>(List.of("setpriv", "--pdeathsig=TERM", "--"));
            watched.addAll(command);
            return watched;
        }
        var set = new StringBuilder("-all");
        service.capabilities().forEach(capability -> set.append(",+").append(capability));
        var all = new ArrayList<String>();
        all.add("setpriv");
        all.add("--reuid=" + service.uid());
        all.add("--regid=" + service.uid());
        all.add("--clear-groups");
        all.add("--inh-caps=" + set);
        all.add("--ambient-caps=" + set);
        all.add("--bounding-set=" + set);
        all.add("--no-new-privs");
        all.add("--pdeathsig=TERM");
        all.add("--");
        all.addAll(command);
        return all;
    }
}
