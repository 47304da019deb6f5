package dev.gantry.orchestrator.build;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.orchestrator.build.dockerfile.Dockerfile;
import dev.gantry.orchestrator.build.dockerfile.Instruction;
import dev.gantry.orchestrator.build.dockerfile.Place;

import java.util.List;
import java.util.Map;

/**
 * Instructions of a Dockerfile that change a configuration and no file, as {@code commit --change}
 * and {@code import --change} take them.
 */
public final class ConfigChanges {
    private ConfigChanges() {}

    /**
     * A configuration as it is after the instructions; others than those that change configurations
     * are refused.
     *
     * @param option what the instructions were given with, for messages
     */
    public static ObjectNode apply(JsonNode config, String option, List<String> instructions) {
        var state = ImageState.over("", "", config);
        var arguments = BuildArguments.outermost('\\', Map.of(), Map.of(), List.of());
        var configuring = new Configuring(state, arguments, '\\');
        int number = 0;
        for (var text : instructions) {
            var place = new Place(option, ++number);
            apply(configuring, place, Dockerfile.trigger(place, text));
        }
        return state.config();
    }

    private static void apply(Configuring configuring, Place place, Instruction instruction) {
        switch (instruction) {
            case Instruction.Env it -> configuring.env(it);
            case Instruction.Label it -> configuring.label(it);
            case Instruction.User it -> configuring.user(it);
            case Instruction.Workdir it -> configuring.workdir(it);
            case Instruction.Expose it -> configuring.expose(it);
            case Instruction.Volume it -> configuring.volume(it);
            case Instruction.Cmd it -> configuring.cmd(it);
            case Instruction.Entrypoint it -> configuring.entrypoint(it);
            case Instruction.Shell it -> configuring.shell(it);
            case Instruction.StopSignal it -> configuring.stopSignal(it);
            case Instruction.Healthcheck it -> configuring.healthcheck(it);
            case Instruction.OnBuild it -> configuring.onBuild(it);
            case Instruction.Run it -> throw refused(place, "RUN");
            case Instruction.Copy it -> throw refused(place, "COPY and ADD");
            case Instruction.Arg it -> throw refused(place, "ARG");
            case Instruction.Maintainer it -> throw refused(place, "MAINTAINER");
        }
    }

    private static RuntimeException refused(Place place, String keyword) {
        return place.refuse("%s changes more than a configuration, or nothing of it", keyword);
    }
}
