package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.spec.SpecBuilder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Mounts as {@code -v}, {@code --mount} and {@code --tmpfs} write them. */
final class MountSyntax {
    private MountSyntax() {}

    /**
     * {@code SOURCE:DESTINATION[:OPTIONS]}: a source with a slash is a path, else a volume's name.
     */
    static OciMount volume(String text) {
        var parts = text.split(":", -1);
        if (parts.length < 2 || parts.length > 3 || parts[0].isEmpty() || parts[1].isEmpty()) {
            throw FaultException.invalid(
                    "--volume %s is not SOURCE:DESTINATION[:OPTIONS]", Names.quote(text));
        }
        var options = parts.length == 3 ? List.of(parts[2].split(",")) : List.<String>of();
        return source(parts[0], parts[1], options);
    }

    /** {@code type=bind|volume|tmpfs,src=…,dst=…[,readonly][,…]}. */
    static OciMount mount(String text) {
        var type = "volume";
        var source = "";
        var destination = "";
        var options = new ArrayList<String>();
        for (var field : text.split(",")) {
            int equals = field.indexOf('=');
            var key = equals < 0 ? field : field.substring(0, equals);
            var value = equals < 0 ? "" : field.substring(equals + 1);
            switch (key) {
                case "type" -> type = value;
                case "src", "source" -> source = value;
                case "dst", "destination", "target" -> destination = value;
                case "ro", "readonly" -> {
                    if (!value.equals("false")) {
                        options.add("ro");
                    }
                }
                case "volume-nocopy" -> {
                    if (!value.equals("false")) {
                        options.add(SpecBuilder.NO_COPY);
                    }
                }
                case "bind-propagation" -> options.add(value);
                case "tmpfs-size" -> options.add("size=" + Sizes.bytes("tmpfs-size", value));
                case "tmpfs-mode" -> options.add("mode=" + value);
                default ->
                        throw FaultException.invalid(
                                "--mount %s: the field %s is not known",
                                Names.quote(text), Names.quote(key));
            }
        }
        if (destination.isEmpty()) {
            throw FaultException.invalid("--mount %s has no dst=", Names.quote(text));
        }
        return switch (type) {
            case "tmpfs" -> new OciMount(destination, "tmpfs", "tmpfs", options);
            case "bind" -> bind(source, destination, options);
            case "volume" ->
                    new OciMount(
                            destination, "volume", Names.check("volume name", source), options);
            default ->
                    throw FaultException.invalid(
                            "--mount %s: type %s is none of bind, volume, tmpfs",
                            Names.quote(text), Names.quote(type));
        };
    }

    /** {@code DESTINATION[:OPTIONS]}. */
    static OciMount tmpfs(String text) {
        int colon = text.indexOf(':');
        var options = colon < 0 ? List.<String>of() : List.of(text.substring(colon + 1).split(","));
        return new OciMount(colon < 0 ? text : text.substring(0, colon), "tmpfs", "tmpfs", options);
    }

    private static OciMount source(String source, String destination, List<String> options) {
        return source.contains("/") || source.startsWith(".")
                ? bind(source, destination, options)
                : new OciMount(destination, "volume", Names.check("volume name", source), options);
    }

    private static OciMount bind(String source, String destination, List<String> options) {
        if (source.isEmpty()) {
            throw FaultException.invalid("bind mount on %s has no source", destination);
        }
        var all = new ArrayList<String>();
        if (!options.contains("bind") && !options.contains("rbind")) {
            all.add("rbind");
        }
        all.addAll(options);
        return new OciMount(
                destination, "bind", Path.of(source).toAbsolutePath().normalize().toString(), all);
    }
}
