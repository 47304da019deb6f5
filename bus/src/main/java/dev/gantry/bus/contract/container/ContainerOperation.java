package dev.gantry.bus.contract.container;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * {@code container.v1}: what clients call. A container is named by its id, a unique prefix of it,
 * or its name.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "operation")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ContainerOperation.Create.class, name = "create"),
    @JsonSubTypes.Type(value = ContainerOperation.Run.class, name = "run"),
    @JsonSubTypes.Type(value = ContainerOperation.Start.class, name = "start"),
    @JsonSubTypes.Type(value = ContainerOperation.Stop.class, name = "stop"),
    @JsonSubTypes.Type(value = ContainerOperation.Kill.class, name = "kill"),
    @JsonSubTypes.Type(value = ContainerOperation.Wait.class, name = "wait"),
    @JsonSubTypes.Type(value = ContainerOperation.Exec.class, name = "exec"),
    @JsonSubTypes.Type(value = ContainerOperation.ExecWait.class, name = "exec-wait"),
    @JsonSubTypes.Type(value = ContainerOperation.Resize.class, name = "resize"),
    @JsonSubTypes.Type(value = ContainerOperation.Attach.class, name = "attach"),
    @JsonSubTypes.Type(value = ContainerOperation.Logs.class, name = "logs"),
    @JsonSubTypes.Type(value = ContainerOperation.Inspect.class, name = "inspect"),
    @JsonSubTypes.Type(value = ContainerOperation.ListAll.class, name = "list"),
    @JsonSubTypes.Type(value = ContainerOperation.Stats.class, name = "stats"),
    @JsonSubTypes.Type(value = ContainerOperation.Top.class, name = "top"),
    @JsonSubTypes.Type(value = ContainerOperation.Pause.class, name = "pause"),
    @JsonSubTypes.Type(value = ContainerOperation.Unpause.class, name = "unpause"),
    @JsonSubTypes.Type(value = ContainerOperation.Update.class, name = "update"),
    @JsonSubTypes.Type(value = ContainerOperation.Rename.class, name = "rename"),
    @JsonSubTypes.Type(value = ContainerOperation.Recreate.class, name = "recreate"),
    @JsonSubTypes.Type(value = ContainerOperation.Remove.class, name = "remove"),
    @JsonSubTypes.Type(value = ContainerOperation.Explain.class, name = "explain"),
    @JsonSubTypes.Type(value = ContainerOperation.EventLog.class, name = "events"),
    @JsonSubTypes.Type(value = ContainerOperation.Build.class, name = "build"),
    @JsonSubTypes.Type(value = ContainerOperation.Info.class, name = "info")
})
public sealed interface ContainerOperation<R> extends Operation<R> {
    /** The contract. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    Contract<ContainerOperation<?>> CONTRACT =
            new Contract<>("container.v1", (Class) ContainerOperation.class);

    // Those that would make a second container or process, or deliver a second signal.
    @Override
    default boolean repeatable() {
        return !(this instanceof Run
                || this instanceof Exec
                || this instanceof Kill
                || this instanceof Build<?>(BuildOperation.Begin begin)
                || this instanceof Create create && !create.planOnly());
    }

    /** Makes a container without starting it; with planOnly, only prints the plan. */
    record Create(ContainerSpec spec, boolean planOnly)
            implements ContainerOperation<ContainerResult.Created> {
        /** Checks the request; absent parts are empty. */
        public Create {
            Objects.requireNonNull(spec, "spec");
        }

        @Override
        public String subject() {
            return spec.name().orElse(spec.image());
        }

        @Override
        public Class<ContainerResult.Created> resultType() {
            return ContainerResult.Created.class;
        }
    }

    /** Create and start in one request. */
    record Run(ContainerSpec spec) implements ContainerOperation<ContainerResult.Created> {
        /** Checks the request; absent parts are empty. */
        public Run {
            Objects.requireNonNull(spec, "spec");
        }

        @Override
        public String subject() {
            return spec.name().orElse(spec.image());
        }

        @Override
        public Class<ContainerResult.Created> resultType() {
            return ContainerResult.Created.class;
        }
    }

    /**
     * Starts a created or stopped container.
     *
     * @param hold only as far as its command is to be executed: who attaches then, and starts it
     *     without {@code hold}, gets all of its output
     */
    record Start(String container, boolean hold)
            implements ContainerOperation<ContainerResult.Created> {
        /** At once. */
        public Start(String container) {
            this(container, false);
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.Created> resultType() {
            return ContainerResult.Created.class;
        }
    }

    /** Sends the stop signal, and SIGKILL after the time. */
    record Stop(String container, long timeoutMillis) implements ContainerOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Stop {
            if (timeoutMillis < 0 || timeoutMillis > 86_400_000L) {
                throw FaultException.invalid(
                        "stop timeout %d ms is not within 0..86400000", timeoutMillis);
            }
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Sends a signal, by name (TERM, SIGTERM) or number. */
    record Kill(String container, String signal) implements ContainerOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Kill {
            signal = signal == null || signal.isEmpty() ? "KILL" : signal;
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /**
     * Answers when the container has stopped, or with stopped=false when the time is over: ask
     * again.
     */
    record Wait(String container, long timeoutMillis)
            implements ContainerOperation<ContainerResult.Exit> {
        /** Checks the request; absent parts are empty. */
        public Wait {
            if (timeoutMillis < 0 || timeoutMillis > 600_000L) {
                throw FaultException.invalid(
                        "wait timeout %d ms is not within 0..600000", timeoutMillis);
            }
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.Exit> resultType() {
            return ContainerResult.Exit.class;
        }
    }

    /** Starts a further process in a running container and says how to attach to it. */
    record Exec(String container, ExecSpec spec)
            implements ContainerOperation<ContainerResult.Created> {
        /** Checks the request; absent parts are empty. */
        public Exec {
            Objects.requireNonNull(spec, "spec");
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.Created> resultType() {
            return ContainerResult.Created.class;
        }
    }

    /** Like wait, for a further process. */
    record ExecWait(String container, String execId, long timeoutMillis)
            implements ContainerOperation<ContainerResult.Exit> {
        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.Exit> resultType() {
            return ContainerResult.Exit.class;
        }
    }

    /** Sets the size of a terminal. */
    record Resize(String container, Optional<String> execId, int rows, int columns)
            implements ContainerOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Resize {
            execId = Absent.orEmpty(execId);
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Says how to attach to a container's standard streams. */
    record Attach(String container) implements ContainerOperation<ContainerResult.Created> {
        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.Created> resultType() {
            return ContainerResult.Created.class;
        }
    }

    /**
     * Lines of the log from a cursor on; an empty cursor is the beginning, a tail of -1 means all.
     */
    record Logs(String container, String cursor, int tail, Optional<Long> sinceNanos, int maxLines)
            implements ContainerOperation<ContainerResult.LogChunk> {
        /** Checks the request; absent parts are empty. */
        public Logs {
            cursor = Absent.orEmpty(cursor);
            sinceNanos = Absent.orEmpty(sinceNanos);
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.LogChunk> resultType() {
            return ContainerResult.LogChunk.class;
        }
    }

    /** Everything that is known of a container. */
    record Inspect(String container) implements ContainerOperation<ContainerResult.Detail> {
        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.Detail> resultType() {
            return ContainerResult.Detail.class;
        }
    }

    /** Containers; only running ones unless all is asked for. */
    record ListAll(boolean all, Map<String, String> filters)
            implements ContainerOperation<ContainerResult.Summaries> {
        /** Checks the request; absent parts are empty. */
        public ListAll {
            filters = Absent.orEmpty(filters);
        }

        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<ContainerResult.Summaries> resultType() {
            return ContainerResult.Summaries.class;
        }
    }

    /** What containers use; all running ones where none is named. */
    record Stats(List<String> containers) implements ContainerOperation<ContainerResult.StatsList> {
        /** Checks the request; absent parts are empty. */
        public Stats {
            containers = Absent.orEmpty(containers);
        }

        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<ContainerResult.StatsList> resultType() {
            return ContainerResult.StatsList.class;
        }
    }

    /** The processes of a container. */
    record Top(String container) implements ContainerOperation<ContainerResult.ProcessTable> {
        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.ProcessTable> resultType() {
            return ContainerResult.ProcessTable.class;
        }
    }

    /** Freezes a container. */
    record Pause(String container) implements ContainerOperation<Done> {
        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Thaws it. */
    record Unpause(String container) implements ContainerOperation<Done> {
        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Changes limits of a container. */
    record Update(String container, LinuxResources resources) implements ContainerOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Update {
            Objects.requireNonNull(resources, "resources");
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Gives a container another name. */
    record Rename(String container, String name) implements ContainerOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Rename {
            Names.check("container name", name);
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /**
     * Makes a container anew over the image that its image's name means now, with the same name,
     * settings and volumes, and starts it if it ran. What it had changed in its files is given up
     * with the old one. Where the new one cannot be made or started, the old one is there again as
     * before. FAILED_PRECONDITION for a container that goes when it stops, or that never ran.
     *
     * @param timeoutMillis until the old one is killed
     */
    record Recreate(String container, long timeoutMillis)
            implements ContainerOperation<ContainerResult.Created> {
        /** Checks the time. */
        public Recreate {
            if (timeoutMillis < 0) {
                throw FaultException.invalid("time-out %d ms is below 0", timeoutMillis);
            }
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.Created> resultType() {
            return ContainerResult.Created.class;
        }
    }

    /**
     * Removes a container; with force, a running one too.
     *
     * @param volumes with its anonymous volumes; else they stay, and belong to nobody
     */
    record Remove(String container, boolean force, boolean volumes)
            implements ContainerOperation<Done> {
        /** Without its volumes. */
        public Remove(String container, boolean force) {
            this(container, force, false);
        }

        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** The plan of a container as it was carried out, step by step. */
    record Explain(String container) implements ContainerOperation<ContainerResult.Explanation> {
        @Override
        public String subject() {
            return container;
        }

        @Override
        public Class<ContainerResult.Explanation> resultType() {
            return ContainerResult.Explanation.class;
        }
    }

    /** Events from the durable log after a cursor. */
    record EventLog(long afterSequence, int max)
            implements ContainerOperation<ContainerResult.EventPage> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<ContainerResult.EventPage> resultType() {
            return ContainerResult.EventPage.class;
        }
    }

    /** The build of an image. */
    record Build<R>(BuildOperation<R> build) implements ContainerOperation<R> {
        /** Checks that there is one. */
        public Build {
            Objects.requireNonNull(build, "build");
        }

        @Override
        public String subject() {
            return build.subject();
        }

        @Override
        public Class<R> resultType() {
            return build.resultType();
        }
    }

    /** What this host and these services are. */
    record Info() implements ContainerOperation<ContainerResult.EngineInfo> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<ContainerResult.EngineInfo> resultType() {
            return ContainerResult.EngineInfo.class;
        }
    }
}
