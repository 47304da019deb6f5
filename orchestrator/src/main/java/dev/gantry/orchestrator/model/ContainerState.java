package dev.gantry.orchestrator.model;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import dev.gantry.bus.contract.Absent;

import java.util.Optional;

/**
 * Where a container is in its life (runtime.md, "Lifecycle"). Each state offers its legal
 * transitions and no others, so an illegal one does not compile.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "state")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ContainerState.Creating.class, name = "creating"),
    @JsonSubTypes.Type(value = ContainerState.Created.class, name = "created"),
    @JsonSubTypes.Type(value = ContainerState.Running.class, name = "running"),
    @JsonSubTypes.Type(value = ContainerState.Paused.class, name = "paused"),
    @JsonSubTypes.Type(value = ContainerState.Stopped.class, name = "stopped"),
    @JsonSubTypes.Type(value = ContainerState.Removing.class, name = "removing")
})
public sealed interface ContainerState {
    /** The state's name. */
    @JsonIgnore
    default String word() {
        return switch (this) {
            case Creating c -> "creating";
            case Created c -> "created";
            case Running r -> "running";
            case Paused p -> "paused";
            case Stopped s -> "stopped";
            case Removing r -> "removing";
        };
    }

    /** A state in which there is an init process, so that it can exit. */
    sealed interface Live extends ContainerState {
        /** Its init, as a pid of the host. */
        long pid();

        /** Where its standard streams can be reached. */
        String attachSocket();

        /** The init has ended; what the container held is yet to be released. */
        Stopped exited(Ending ending);
    }

    /**
     * Its parts are being made; a crash in this state is undone.
     *
     * @param before what to return to where a stopped container is being made again
     */
    record Creating(Optional<Stopped> before) implements ContainerState {
        /** Absent: the container is new, and vanishes when it is abandoned. */
        public Creating {
            before = Absent.orEmpty(before);
        }

        /** A container that was not there before. */
        public static Creating anew() {
            return new Creating(Optional.empty());
        }

        /** All parts are there, the init waits. */
        public Created created(long pid, String attachSocket) {
            return new Created(pid, attachSocket);
        }
    }

    /** The init waits to execute its command. */
    record Created(long pid, String attachSocket) implements Live {
        /** The command runs. */
        public Running started(long nowNanos) {
            return new Running(pid, attachSocket, nowNanos);
        }

        @Override
        public Stopped exited(Ending ending) {
            return new Stopped(ending, 0, false);
        }
    }

    /**
     * The command runs.
     *
     * @param startedNanos since the Unix epoch
     */
    record Running(long pid, String attachSocket, long startedNanos) implements Live {
        /** All processes are frozen. */
        public Paused paused() {
            return new Paused(this);
        }

        @Override
        public Stopped exited(Ending ending) {
            return new Stopped(ending, startedNanos, false);
        }
    }

    /** Frozen. */
    record Paused(Running running) implements Live {
        /** Thawed. */
        public Running resumed() {
            return running;
        }

        @Override
        @JsonIgnore
        public long pid() {
            return running.pid();
        }

        @Override
        @JsonIgnore
        public String attachSocket() {
            return running.attachSocket();
        }

        @Override
        public Stopped exited(Ending ending) {
            return running.exited(ending);
        }
    }

    /**
     * The init has ended.
     *
     * @param startedNanos when it had started; 0: never
     * @param released whether network and cgroups have been given back
     */
    record Stopped(Ending ending, long startedNanos, boolean released) implements ContainerState {
        /** Network and cgroups have been given back. */
        public Stopped releasedNow() {
            return new Stopped(ending, startedNanos, true);
        }

        /** Its parts are being made again. */
        public Creating recreating() {
            return new Creating(Optional.of(this));
        }

        /** It goes away for good. */
        public Removing removing() {
            return new Removing(Optional.of(ending));
        }
    }

    /**
     * It is going away; a crash in this state is completed.
     *
     * @param ending how it had ended, if it had
     */
    record Removing(Optional<Ending> ending) implements ContainerState {
        /** Absent ending: it never ran. */
        public Removing {
            ending = Absent.orEmpty(ending);
        }
    }
}
