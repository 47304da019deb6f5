package dev.gantry.bus.contract.namespace;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.cgroup.CgroupResult;
import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * {@code namespace.v1}: launch plans and the life cycle of a container's processes. Idempotent by
 * container id.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "operation")
@JsonSubTypes({
    @JsonSubTypes.Type(value = NamespaceOperation.Create.class, name = "create"),
    @JsonSubTypes.Type(value = NamespaceOperation.Run.class, name = "run"),
    @JsonSubTypes.Type(value = NamespaceOperation.Start.class, name = "start"),
    @JsonSubTypes.Type(value = NamespaceOperation.Signal.class, name = "signal"),
    @JsonSubTypes.Type(value = NamespaceOperation.Exec.class, name = "exec"),
    @JsonSubTypes.Type(value = NamespaceOperation.Resize.class, name = "resize"),
    @JsonSubTypes.Type(value = NamespaceOperation.State.class, name = "state"),
    @JsonSubTypes.Type(value = NamespaceOperation.ExecState.class, name = "exec-state"),
    @JsonSubTypes.Type(value = NamespaceOperation.ListAll.class, name = "list"),
    @JsonSubTypes.Type(value = NamespaceOperation.Explain.class, name = "explain"),
    @JsonSubTypes.Type(value = NamespaceOperation.Delete.class, name = "delete")
})
public sealed interface NamespaceOperation<R> extends Operation<R> {
    /** The contract. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    Contract<NamespaceOperation<?>> CONTRACT =
            new Contract<>("namespace.v1", (Class) NamespaceOperation.class);

    /**
     * Clones the container's init, which carries out its launch plan and then waits for start; with
     * planOnly, only says what it would do.
     *
     * @param shim the name of a shim that the caller has started for this container ({@code
     *     gantry-launcher --called}) and that is to be used instead of one of the launcher's: it
     *     keeps the caller's stdio, so {@code stdio} must ask for nothing
     */
    record Create(
            String id,
            OciSpec spec,
            Rootfs rootfs,
            CgroupResult.Placement cgroup,
            Optional<byte[]> seccompFilter,
            long seccompFlags,
            Stdio stdio,
            boolean init,
            boolean planOnly,
            Optional<String> shim)
            implements NamespaceOperation<NamespaceResult.Created> {
        /** Checks the request; absent parts are empty. */
        public Create {
            Names.check("container id", id);
            Objects.requireNonNull(spec, "spec");
            Objects.requireNonNull(rootfs, "rootfs");
            seccompFilter = Absent.orEmpty(seccompFilter);
            stdio = stdio == null ? Stdio.DETACHED : stdio;
            shim = checkedShim(shim);
        }

        /** With a shim of the launcher's. */
        public Create(
                String id,
                OciSpec spec,
                Rootfs rootfs,
                CgroupResult.Placement cgroup,
                Optional<byte[]> seccompFilter,
                long seccompFlags,
                Stdio stdio,
                boolean init,
                boolean planOnly) {
            this(
                    id,
                    spec,
                    rootfs,
                    cgroup,
                    seccompFilter,
                    seccompFlags,
                    stdio,
                    init,
                    planOnly,
                    Optional.empty());
        }

        @Override
        public String subject() {
            return id;
        }

        @Override
        public Class<NamespaceResult.Created> resultType() {
            return NamespaceResult.Created.class;
        }
    }

    /**
     * Create and start in one: once it is created the command is executed. Why that failed is in
     * the answer, since a container that could not execute its command is there, and has ended.
     */
    record Run(Create create) implements NamespaceOperation<NamespaceResult.Ran> {
        /** Checks the request. */
        public Run {
            Objects.requireNonNull(create, "create");
            if (create.planOnly() || create.stdio().waitAttach()) {
                throw FaultException.invalid(
                        "run neither plans nor waits for a client to attach: create does");
            }
        }

        @Override
        public String subject() {
            return create.id();
        }

        @Override
        public Class<NamespaceResult.Ran> resultType() {
            return NamespaceResult.Ran.class;
        }
    }

    /** Lets the init execute its command. */
    record Start(String id) implements NamespaceOperation<NamespaceResult.Started> {
        /** Checks the request; absent parts are empty. */
        public Start {
            Names.check("container id", id);
        }

        @Override
        public String subject() {
            return id;
        }

        @Override
        public Class<NamespaceResult.Started> resultType() {
            return NamespaceResult.Started.class;
        }
    }

    /** Sends a signal, by its number in signal(7), to the init or to all processes. */
    record Signal(String id, int signal, boolean all) implements NamespaceOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Signal {
            Names.check("container id", id);
            if (signal < 0 || signal > 64) {
                throw FaultException.invalid("signal %d is not within 0..64", signal);
            }
        }

        @Override
        public String subject() {
            return id;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /**
     * Starts a further process in a running container.
     *
     * @param shim as in {@link Create}
     * @param cgroups directories beneath the container's own, at most one in each hierarchy, in
     *     which the process is instead
     */
    record Exec(
            String id,
            String execId,
            OciProcess process,
            Optional<byte[]> seccompFilter,
            long seccompFlags,
            Stdio stdio,
            Optional<String> shim,
            List<String> cgroups)
            implements NamespaceOperation<NamespaceResult.Created> {
        /** Checks the request; absent parts are empty. */
        public Exec {
            Names.check("container id", id);
            Names.check("exec id", execId);
            Objects.requireNonNull(process, "process");
            seccompFilter = Absent.orEmpty(seccompFilter);
            stdio = stdio == null ? Stdio.DETACHED : stdio;
            shim = checkedShim(shim);
            cgroups = Absent.orEmpty(cgroups);
        }

        /** With a shim of the container's. */
        public Exec(
                String id,
                String execId,
                OciProcess process,
                Optional<byte[]> seccompFilter,
                long seccompFlags,
                Stdio stdio) {
            this(
                    id,
                    execId,
                    process,
                    seccompFilter,
                    seccompFlags,
                    stdio,
                    Optional.empty(),
                    List.of());
        }

        @Override
        public String subject() {
            return id;
        }

        @Override
        public Class<NamespaceResult.Created> resultType() {
            return NamespaceResult.Created.class;
        }
    }

    /** Sets the size of the terminal of the init (execId absent) or of an exec. */
    record Resize(String id, Optional<String> execId, int rows, int columns)
            implements NamespaceOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Resize {
            Names.check("container id", id);
            execId = Absent.orEmpty(execId);
            if (rows < 1 || rows > 65535 || columns < 1 || columns > 65535) {
                throw FaultException.invalid(
                        "terminal size %dx%d is not within 1..65535", rows, columns);
            }
        }

        @Override
        public String subject() {
            return id;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** What a container is doing. */
    record State(String id) implements NamespaceOperation<NamespaceResult.State> {
        /** Checks the request; absent parts are empty. */
        public State {
            Names.check("container id", id);
        }

        @Override
        public String subject() {
            return id;
        }

        @Override
        public Class<NamespaceResult.State> resultType() {
            return NamespaceResult.State.class;
        }
    }

    /**
     * What was done to create and start a container's init, step by step. Told on request, since
     * few ask and the telling costs more than a start; a service that has restarted since knows of
     * none.
     */
    record Explain(String id) implements NamespaceOperation<NamespaceResult.Explanation> {
        /** Checks the request; absent parts are empty. */
        public Explain {
            Names.check("container id", id);
        }

        @Override
        public String subject() {
            return id;
        }

        @Override
        public Class<NamespaceResult.Explanation> resultType() {
            return NamespaceResult.Explanation.class;
        }
    }

    /** What a further process is doing. */
    record ExecState(String id, String execId)
            implements NamespaceOperation<NamespaceResult.State> {
        /** Checks the request; absent parts are empty. */
        public ExecState {
            Names.check("container id", id);
            Names.check("exec id", execId);
        }

        @Override
        public String subject() {
            return id;
        }

        @Override
        public Class<NamespaceResult.State> resultType() {
            return NamespaceResult.State.class;
        }
    }

    /** The states of all containers known here. */
    record ListAll() implements NamespaceOperation<NamespaceResult.States> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<NamespaceResult.States> resultType() {
            return NamespaceResult.States.class;
        }
    }

    /**
     * Forgets a stopped container and removes its files; with force, kills it first. An absent one
     * is no error.
     */
    record Delete(String id, boolean force) implements NamespaceOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Delete {
            Names.check("container id", id);
        }

        @Override
        public String subject() {
            return id;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    private static Optional<String> checkedShim(Optional<String> shim) {
        var named = Absent.orEmpty(shim);
        named.ifPresent(name -> Names.check("shim", name));
        return named;
    }

    /**
     * Where the root file system comes from, as storage-svc describes it.
     *
     * @param lowerdirs overlay layers, topmost first; none: {@code upperdir} itself is the root,
     *     bound
     * @param upperdir where changes go
     * @param workdir overlay's scratch directory, on the same file system
     * @param options further overlay options, for example {@code userxattr}
     */
    record Rootfs(List<String> lowerdirs, String upperdir, String workdir, List<String> options) {
        /** Absent lists are empty. */
        public Rootfs {
            lowerdirs = Absent.orEmpty(lowerdirs);
            options = Absent.orEmpty(options);
            workdir = Absent.orEmpty(workdir);
            Objects.requireNonNull(upperdir, "upperdir");
        }
    }

    /**
     * What the process's standard streams are joined to. A terminal is asked for by {@code
     * process.terminal}.
     *
     * @param openStdin whether standard input can be written to by attaching; /dev/null otherwise
     * @param waitAttach whether output waits for a first attached client rather than be lost to it
     * @param logPath file for the log in CRI format; absent: no log
     * @param logMaxBytes size at which the log is rotated
     * @param logMaxFiles how many rotated files are kept
     */
    record Stdio(
            boolean openStdin,
            boolean waitAttach,
            Optional<String> logPath,
            long logMaxBytes,
            int logMaxFiles) {
        /** No input, no log. */
        public static final Stdio DETACHED = new Stdio(false, false, Optional.empty(), 0, 0);

        /** An absent log path is empty; sizes get their defaults, 10 MiB and 3 files. */
        public Stdio {
            logPath = Absent.orEmpty(logPath);
            logMaxBytes = logMaxBytes <= 0 ? 10L << 20 : logMaxBytes;
            logMaxFiles = logMaxFiles <= 0 ? 3 : logMaxFiles;
        }
    }
}
