package dev.gantry.orchestrator.build;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.build.dockerfile.Command;
import dev.gantry.orchestrator.build.dockerfile.Expansion;
import dev.gantry.orchestrator.build.dockerfile.Instruction;
import dev.gantry.orchestrator.build.dockerfile.Place;
import dev.gantry.orchestrator.model.Signals;

import java.util.ArrayList;
import java.util.List;

/** Carries out the instructions that change nothing but an image's configuration. */
final class Configuring {
    private static final String NOP = "/bin/sh -c #(nop) ";
    private static final int MAX_PORTS = 65_536;

    private final ImageState state;
    private final BuildArguments arguments;
    private final char escape;
    private boolean hasCommand;

    Configuring(ImageState state, BuildArguments arguments, char escape) {
        this.state = state;
        this.arguments = arguments;
        this.escape = escape;
    }

    /** A word, its variables replaced. */
    String word(Place place, String text) {
        return Expansion.word(place, escape, arguments.variables(state.environment()), text);
    }

    /** A heredoc's content, its variables replaced. */
    String heredoc(Place place, String text) {
        return Expansion.heredoc(place, escape, arguments.variables(state.environment()), text);
    }

    void env(Instruction.Env env) {
        // All of one instruction see the environment before it.
        var before = arguments.variables(state.environment());
        var line = new StringBuilder("ENV");
        for (var pair : env.pairs()) {
            var name = Expansion.word(env.place(), escape, before, pair.name());
            var value = Expansion.word(env.place(), escape, before, pair.value());
            if (name.isEmpty() || name.indexOf('=') >= 0 || (name + value).indexOf('\0') >= 0) {
                throw env.place().refuse("ENV %s is no name of a variable", Names.quote(name));
            }
            state.environment(name, value);
            line.append(' ').append(name).append('=').append(value);
        }
        said(line.toString());
    }

    void label(Instruction.Label label) {
        var line = new StringBuilder("LABEL");
        for (var pair : label.pairs()) {
            var name = word(label.place(), pair.name());
            var value = word(label.place(), pair.value());
            if (name.isEmpty()) {
                throw label.place().refuse("LABEL without a name");
            }
            state.entry("Labels", name, value);
            line.append(' ').append(name).append('=').append(value);
        }
        said(line.toString());
    }

    /** Labels from outside. */
    void labels(java.util.Map<String, String> labels) {
        labels.forEach(
                (name, value) -> {
                    state.entry("Labels", name, value);
                    said("LABEL " + name + "=" + value);
                });
    }

    void arg(Instruction.Arg arg) {
        arguments.declare(arg.place(), escape, arg, state.environment());
        said(arg.text());
    }

    void user(Instruction.User user) {
        var name = word(user.place(), user.user());
        if (name.isEmpty() || name.chars().anyMatch(c -> c <= 0x20 || c == 0x7f)) {
            throw user.place().refuse("USER %s is no user", Names.quote(name));
        }
        state.set("User", name);
        said("USER " + name);
    }

    /** The new working directory; its history line is the layer's, if it makes one. */
    String workdir(Instruction.Workdir workdir) {
        var path = word(workdir.place(), workdir.path());
        if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw workdir.place().refuse("WORKDIR %s is no path", Names.quote(path));
        }
        var absolute = absolute(path);
        state.set("WorkingDir", absolute);
        return absolute;
    }

    /** A path below the working directory, without dots. */
    String absolute(String path) {
        var whole = path.startsWith("/") ? path : state.directory() + "/" + path;
        var parts = new ArrayList<String>();
        for (var part : whole.split("/")) {
            if (part.equals("..")) {
                if (!parts.isEmpty()) {
                    parts.removeLast();
                }
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return "/" + String.join("/", parts);
    }

    void expose(Instruction.Expose expose) {
        for (var text : expose.ports()) {
            for (var port : word(expose.place(), text).split("\\s+")) {
                if (!port.isEmpty()) {
                    expose(expose.place(), port);
                }
            }
        }
        said(expose.text());
    }

    private void expose(Place place, String text) {
        int slash = text.indexOf('/');
        var protocol =
                slash < 0 ? "tcp" : text.substring(slash + 1).toLowerCase(java.util.Locale.ROOT);
        var ports = slash < 0 ? text : text.substring(0, slash);
        if (!ports.matches("[0-9]{1,5}(-[0-9]{1,5})?") || !protocol.matches("tcp|udp|sctp")) {
            throw place.refuse("EXPOSE %s is not PORT[-PORT][/tcp|udp|sctp]", Names.quote(text));
        }
        int dash = ports.indexOf('-');
        int first = Integer.parseInt(dash < 0 ? ports : ports.substring(0, dash));
        int last = Integer.parseInt(ports.substring(dash + 1));
        if (first < 1 || last >= MAX_PORTS || first > last) {
            throw place.refuse("EXPOSE %s is not within 1..65535", Names.quote(text));
        }
        for (int port = first; port <= last; port++) {
            state.member("ExposedPorts", port + "/" + protocol);
        }
    }

    void volume(Instruction.Volume volume) {
        for (var text : volume.paths()) {
            var path = word(volume.place(), text).strip();
            if (path.isEmpty()) {
                throw volume.place().refuse("VOLUME of an empty path");
            }
            state.member("Volumes", path);
        }
        said(volume.text());
    }

    void cmd(Instruction.Cmd cmd) {
        hasCommand = true;
        var words = words(cmd.command());
        state.set("Cmd", words);
        said("CMD " + json(words));
    }

    void entrypoint(Instruction.Entrypoint entrypoint) {
        var words = words(entrypoint.command());
        state.set("Entrypoint", words);
        if (!hasCommand) {
            state.remove("Cmd"); // a base's arguments are not for another program
        }
        said("ENTRYPOINT " + json(words));
    }

    void shell(Instruction.Shell shell) {
        state.set("Shell", shell.words());
        said("SHELL " + json(shell.words()));
    }

    void stopSignal(Instruction.StopSignal stop) {
        var signal = word(stop.place(), stop.signal());
        try {
            Signals.number(signal);
        } catch (FaultException e) {
            throw stop.place().refuse("STOPSIGNAL: %s", e.fault().message());
        }
        state.set("StopSignal", signal);
        said("STOPSIGNAL " + signal);
    }

    void healthcheck(Instruction.Healthcheck check) {
        var json = Json.mapper().createObjectNode();
        var test = json.putArray("Test");
        if (check.command().isEmpty()) {
            test.add("NONE");
        } else {
            switch (check.command().get()) {
                case Command.Shell shell -> test.add("CMD-SHELL").add(shell.line());
                case Command.Exec(var words) -> {
                    test.add("CMD");
                    words.forEach(test::add);
                }
            }
        }
        put(json, "Interval", check.interval());
        put(json, "Timeout", check.timeout());
        put(json, "StartPeriod", check.startPeriod());
        put(json, "StartInterval", check.startInterval());
        put(json, "Retries", check.retries());
        state.set("Healthcheck", json);
        said(check.text());
    }

    private static void put(ObjectNode json, String key, long value) {
        if (value != 0) {
            json.put(key, value);
        }
    }

    void onBuild(Instruction.OnBuild onBuild) {
        state.append("OnBuild", onBuild.trigger());
        said(onBuild.text());
    }

    void maintainer(Instruction.Maintainer maintainer) {
        state.author(maintainer.name());
        said(maintainer.text());
    }

    private List<String> words(Command command) {
        return switch (command) {
            case Command.Exec(var words) -> words;
            case Command.Shell shell -> {
                var words = new ArrayList<>(state.shell());
                words.add(shell.line());
                yield words;
            }
        };
    }

    private static String json(List<String> words) {
        var array = Json.mapper().createArrayNode();
        words.forEach(array::add);
        return array.toString();
    }

    /** Notes a line of the history without a layer. */
    void said(String what) {
        state.step(line(what));
    }

    /** A line of the history as Docker writes it of what is not a command. */
    static String line(String what) {
        return NOP + what;
    }
}
