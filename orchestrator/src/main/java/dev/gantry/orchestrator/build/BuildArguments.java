package dev.gantry.orchestrator.build;

import dev.gantry.orchestrator.build.dockerfile.Expansion;
import dev.gantry.orchestrator.build.dockerfile.Instruction;
import dev.gantry.orchestrator.build.dockerfile.Place;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The variables that ARG declares, in the scope of a stage or before the first: a value from
 * outside counts before the default, a stage sees those before the first FROM only if it declares
 * them too.
 */
final class BuildArguments {
    /** Known to every RUN without being declared, and no part of what a step is. */
    private static final Set<String> PROXIES =
            Set.of(
                    "HTTP_PROXY",
                    "http_proxy",
                    "HTTPS_PROXY",
                    "https_proxy",
                    "FTP_PROXY",
                    "ftp_proxy",
                    "NO_PROXY",
                    "no_proxy",
                    "ALL_PROXY",
                    "all_proxy");

    private final Map<String, String> given;
    private final Map<String, String> platform;
    private final Map<String, String> outer;
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Set<String> used = new LinkedHashSet<>();

    private BuildArguments(
            Map<String, String> given, Map<String, String> platform, Map<String, String> outer) {
        this.given = given;
        this.platform = platform;
        this.outer = outer;
    }

    /**
     * The scope before the first FROM.
     *
     * @param given from outside
     * @param platform known there without a declaration
     */
    static BuildArguments outermost(
            char escape,
            Map<String, String> given,
            Map<String, String> platform,
            List<Instruction.Arg> declared) {
        var arguments = new BuildArguments(given, platform, Map.of());
        arguments.values.putAll(platform);
        for (var arg : declared) {
            arguments.declare(arg.place(), escape, arg, Map.of());
        }
        return arguments;
    }

    /** The scope of a stage. */
    BuildArguments stage() {
        return new BuildArguments(given, platform, values);
    }

    /** Declares variables; a default may have others in it. */
    void declare(Place place, char escape, Instruction.Arg arg, Map<String, String> environment) {
        for (var parameter : arg.parameters()) {
            var name = parameter.name();
            used.add(name);
            Optional<String> value = Optional.ofNullable(given.get(name));
            if (value.isEmpty() && parameter.value().isPresent()) {
                value =
                        Optional.of(
                                Expansion.word(
                                        place,
                                        escape,
                                        variables(environment),
                                        parameter.value().get()));
            }
            value.or(() -> Optional.ofNullable(outer.get(name)))
                    .or(() -> Optional.ofNullable(platform.get(name)))
                    .ifPresent(known -> values.put(name, known));
        }
    }

    /** Variables by name: the environment counts before what was declared. */
    Function<String, Optional<String>> variables(Map<String, String> environment) {
        return name ->
                Optional.ofNullable(environment.get(name))
                        .or(() -> Optional.ofNullable(values.get(name)));
    }

    /** What was declared and is not in the environment anyway. */
    Map<String, String> visible(Map<String, String> environment) {
        var visible = new LinkedHashMap<>(values);
        visible.keySet().removeAll(environment.keySet());
        return visible;
    }

    /** Proxies from outside that were not declared. */
    Map<String, String> proxies() {
        var proxies = new LinkedHashMap<>(given);
        proxies.keySet().retainAll(PROXIES);
        proxies.keySet().removeAll(values.keySet());
        return proxies;
    }

    /** Names that were declared. */
    Set<String> used() {
        return used;
    }

    /** Whether a name needs no declaration. */
    static boolean isPredefined(String name) {
        return PROXIES.contains(name) || name.equals("SOURCE_DATE_EPOCH");
    }
}
