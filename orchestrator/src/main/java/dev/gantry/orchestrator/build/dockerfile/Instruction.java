package dev.gantry.orchestrator.build.dockerfile;

import java.util.List;
import java.util.Optional;

/**
 * An instruction of a stage. Texts are as they stand in the file: variables in them are replaced
 * when the instruction's turn comes.
 */
public sealed interface Instruction {
    /** Where it stands. */
    Place place();

    /** As it is shown to people: the keyword and what follows it. */
    String text();

    /** A name and its value, neither expanded. */
    record Pair(String name, String value) {}

    /** A name that may be set from outside, and its value where it is not. */
    record Parameter(String name, Optional<String> value) {}

    /** {@code RUN}; mounts are the values of its flags {@code --mount}. */
    record Run(Place place, String text, Command command, List<String> mounts, String network)
            implements Instruction {}

    /**
     * {@code COPY} and {@code ADD}.
     *
     * @param add whether it is ADD, which unpacks archives
     * @param from a stage or an image; empty: the context
     * @param chown and {@code chmod} empty where nothing is said
     */
    record Copy(
            Place place,
            String text,
            boolean add,
            List<String> sources,
            List<Heredoc> inline,
            String destination,
            String from,
            String chown,
            String chmod,
            List<String> excludes,
            boolean parents)
            implements Instruction {}

    /** {@code ENV}. */
    record Env(Place place, String text, List<Pair> pairs) implements Instruction {}

    /** {@code LABEL}. */
    record Label(Place place, String text, List<Pair> pairs) implements Instruction {}

    /** {@code ARG}. */
    record Arg(Place place, String text, List<Parameter> parameters) implements Instruction {}

    /** {@code WORKDIR}. */
    record Workdir(Place place, String text, String path) implements Instruction {}

    /** {@code USER}. */
    record User(Place place, String text, String user) implements Instruction {}

    /** {@code EXPOSE}. */
    record Expose(Place place, String text, List<String> ports) implements Instruction {}

    /** {@code VOLUME}. */
    record Volume(Place place, String text, List<String> paths) implements Instruction {}

    /** {@code CMD}. */
    record Cmd(Place place, String text, Command command) implements Instruction {}

    /** {@code ENTRYPOINT}. */
    record Entrypoint(Place place, String text, Command command) implements Instruction {}

    /** {@code SHELL}. */
    record Shell(Place place, String text, List<String> words) implements Instruction {}

    /** {@code STOPSIGNAL}. */
    record StopSignal(Place place, String text, String signal) implements Instruction {}

    /**
     * {@code HEALTHCHECK}; no command is NONE. Times are in nanoseconds, 0 where nothing is said.
     */
    record Healthcheck(
            Place place,
            String text,
            Optional<Command> command,
            long interval,
            long timeout,
            long startPeriod,
            long startInterval,
            int retries)
            implements Instruction {}

    /** {@code ONBUILD}: an instruction for whoever builds on this image. */
    record OnBuild(Place place, String text, String trigger) implements Instruction {}

    /** {@code MAINTAINER}. */
    record Maintainer(Place place, String text, String name) implements Instruction {}
}
