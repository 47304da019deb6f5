package dev.gantry.orchestrator.build;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.Map;

/**
 * An operating system and a processor, in Go's words, as images name them.
 *
 * @param variant of the processor; empty: any
 */
record Platform(String os, String architecture, String variant) {
    private static final Map<String, String> SPELLINGS =
            Map.of("x86_64", "amd64", "x86-64", "amd64", "aarch64", "arm64", "i386", "386");

    /** What this host runs. */
    static Platform host() {
        var arch = System.getProperty("os.arch");
        return new Platform("linux", SPELLINGS.getOrDefault(arch, arch), "");
    }

    /** Reads {@code [os/]architecture[/variant]}, or {@code local}: the host's. */
    static Platform parse(String text) {
        if (text.equals("local")) {
            return host();
        }
        var parts = (text.contains("/") ? text : "linux/" + text).split("/", -1);
        if (parts.length > 3 || !String.join("", parts).matches("[a-z0-9_]{1,64}")) {
            throw FaultException.invalid(
                    "platform %s is not os/architecture[/variant]", Names.quote(text));
        }
        if (!parts[0].equals("linux")) {
            throw FaultException.invalid("platform %s: not of Linux", Names.quote(text));
        }
        var architecture = SPELLINGS.getOrDefault(parts[1], parts[1]);
        var variant = parts.length == 3 ? parts[2] : "";
        boolean usual = architecture.equals("arm64") && variant.equals("v8");
        return new Platform("linux", architecture, usual ? "" : variant);
    }

    /** Whether an image is of it, by its configuration; one that does not say is. */
    boolean fits(JsonNode document) {
        return says(document, "os", os)
                && says(document, "architecture", architecture)
                && (variant.isEmpty() || says(document, "variant", variant));
    }

    private static boolean says(JsonNode document, String key, String wanted) {
        var given = document.path(key).asText("");
        return given.isEmpty() || given.equals(wanted);
    }

    boolean isHost() {
        return os.equals(host().os()) && architecture.equals(host().architecture());
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
    }
}
