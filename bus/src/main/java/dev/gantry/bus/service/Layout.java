package dev.gantry.bus.service;

import java.nio.file.Path;

/**
 * Where an instance of Gantry keeps its files. Each service owns what bears its name (mode 0700,
 * its own user; security.md rows 17 and 25).
 *
 * @param run what is gone after a boot: sockets, live containers, pinned namespaces
 * @param state what stays: images, records, logs
 */
public record Layout(Path run, Path state) {
    /** {@code /run/gantry} and {@code /var/lib/gantry}. */
    public static final Layout DEFAULT =
            new Layout(Path.of("/run/gantry"), Path.of("/var/lib/gantry"));

    /** An instance of its own below a directory, for tests and trials. */
    public static Layout below(Path root) {
        return new Layout(root.resolve("run"), root.resolve("state"));
    }

    /**
     * The name of this instance, at most 13 characters of [a-z0-9-]: what it makes outside its own
     * directories (cgroup subtree, nftables table, bridges) bears it. {@code gantry}, or for an
     * instance of its own {@code gantry-} and six digits made of its path.
     */
    public String instance() {
        return equals(DEFAULT)
                ? "gantry"
                : String.format("gantry-%06x", run.toString().hashCode() & 0xffffff);
    }

    /** The broker's socket. */
    public Path busSocket() {
        return run.resolve("bus/bus.sock");
    }

    /** The launcher's socket; only namespace-svc's user may connect. */
    public Path launcherSocket() {
        return run.resolve("launcher/launcher.sock");
    }

    /**
     * The socket of a shim that root has started for one container, by its name. In the launcher's
     * directory, so that who listens is root, and who connects namespace-svc.
     */
    public Path calledShim(String name) {
        return launcherSocket().resolveSibling("called-" + name + ".sock");
    }

    /** A directory a container, each with its shim's sockets, pid and exit status. */
    public Path containers() {
        return run.resolve("containers");
    }

    /** Run-time files of a service, for example of {@code network-svc}. */
    public Path run(String service) {
        return run.resolve(service);
    }

    /** Durable files of a service. */
    public Path state(String service) {
        return state.resolve(service);
    }

    /** Container logs: written by the shims, readable by the orchestrator. */
    public Path logs() {
        return state.resolve("logs");
    }
}
