package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads {@code --secret id=ID[,src=FILE|,env=NAME]}. */
final class BuildSecrets {
    private static final int LONGEST = 500 * 1024;

    private BuildSecrets() {}

    /** Contents by id. */
    static Map<String, byte[]> read(List<String> options) {
        var caller = Invocation.current();
        var all = new LinkedHashMap<String, byte[]>();
        for (var option : options) {
            var fields = fields(option);
            var id = fields.remove("id");
            var source = fields.remove("src");
            source = source == null ? fields.remove("source") : source;
            var variable = fields.remove("env");
            var type = fields.remove("type");
            boolean known = type == null || type.equals("file") || type.equals("env");
            if (id == null
                    || id.isEmpty()
                    || !known
                    || !fields.isEmpty()
                    || source != null && variable != null) {
                throw FaultException.invalid(
                        "--secret %s is not id=ID[,src=FILE|,env=NAME]", Names.quote(option));
            }
            if (variable == null && source == null) {
                boolean fromVariable = "env".equals(type) || caller.environment(id).isPresent();
                variable = fromVariable ? id : null;
                source = fromVariable ? null : id;
            }
            all.put(id, variable != null ? variable(option, variable) : file(option, source));
        }
        return all;
    }

    private static Map<String, String> fields(String option) {
        var fields = new LinkedHashMap<String, String>();
        for (var field : option.split(",")) {
            int equals = field.indexOf('=');
            if (equals <= 0
                    || fields.put(field.substring(0, equals), field.substring(equals + 1))
                            != null) {
                throw FaultException.invalid(
                        "--secret %s: %s is not KEY=VALUE, once",
                        Names.quote(option), Names.quote(field));
            }
        }
        return fields;
    }

    private static byte[] variable(String option, String name) {
        return Invocation.current()
                .environment(name)
                .map(value -> value.getBytes(StandardCharsets.UTF_8))
                .orElseThrow(
                        () ->
                                FaultException.invalid(
                                        "--secret %s: %s is not set", Names.quote(option), name));
    }

    private static byte[] file(String option, String name) {
        try (var in = Files.newInputStream(Invocation.current().path(name))) {
            var bytes = in.readNBytes(LONGEST + 1);
            if (bytes.length > LONGEST) {
                throw FaultException.invalid(
                        "--secret %s: %s has more than %d bytes",
                        Names.quote(option), name, LONGEST);
            }
            return bytes;
        } catch (IOException e) {
            throw FaultException.invalid("--secret %s cannot be read: %s", Names.quote(option), e);
        }
    }
}
