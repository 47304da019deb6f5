package dev.gantry.bus.contract.container;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.Objects;

/**
 * The build of an image, as {@code container.v1} offers it; the operation {@code build} carries
 * one. A build that nobody asks after for half a minute is given up.
 *
 * @param <R> the record that answers it
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "action")
@JsonSubTypes({
    @JsonSubTypes.Type(value = BuildOperation.Begin.class, name = "begin"),
    @JsonSubTypes.Type(value = BuildOperation.Follow.class, name = "follow"),
    @JsonSubTypes.Type(value = BuildOperation.Cancel.class, name = "cancel"),
    @JsonSubTypes.Type(value = BuildOperation.Prune.class, name = "prune")
})
public sealed interface BuildOperation<R> {
    /** The class of the answer. */
    @JsonIgnore
    Class<R> resultType();

    /** The build's id, or what is built. */
    @JsonIgnore
    String subject();

    /** Begins a build; what is wrong with the Dockerfile itself is said at once. */
    record Begin(BuildSpec spec) implements BuildOperation<BuildResult.Begun> {
        /** Checks that there is a spec. */
        public Begin {
            Objects.requireNonNull(spec, "spec");
        }

        @Override
        public String subject() {
            return spec.tags().isEmpty() ? spec.file() : spec.tags().getFirst();
        }

        @Override
        public Class<BuildResult.Begun> resultType() {
            return BuildResult.Begun.class;
        }
    }

    /**
     * What has happened since; answers when there is something, or the time is over.
     *
     * @param after the number of the last line that is known
     */
    record Follow(String build, long after, long timeoutMillis)
            implements BuildOperation<BuildResult.Lines> {
        private static final long MOST = 20_000;

        /** Checks id and time. */
        public Follow {
            Names.check("build id", build);
            if (timeoutMillis < 0 || timeoutMillis > MOST) {
                throw FaultException.invalid(
                        "timeout %d ms is not within 0..%d", timeoutMillis, MOST);
            }
        }

        @Override
        public String subject() {
            return build;
        }

        @Override
        public Class<BuildResult.Lines> resultType() {
            return BuildResult.Lines.class;
        }
    }

    /** Ends a build; answers when nothing of it runs any more. One that has ended is no error. */
    record Cancel(String build) implements BuildOperation<Done> {
        /** Checks the id. */
        public Cancel {
            Names.check("build id", build);
        }

        @Override
        public String subject() {
            return build;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Forgets what steps came to, and empties the caches that they mounted. */
    record Prune() implements BuildOperation<BuildResult.Pruned> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<BuildResult.Pruned> resultType() {
            return BuildResult.Pruned.class;
        }
    }
}
