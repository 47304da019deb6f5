package dev.gantry.bus.contract.storage;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.regex.Pattern;

/**
 * The grammar of image references (distribution-spec, "Pulling manifests"), bounded to 512
 * characters.
 */
public final class References {
    private static final Pattern REFERENCE =
            Pattern.compile(
                    "(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?/)?"
                            + "[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*"
                            + "(?:/[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*)*"
                            + "(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?"
                            + "(?:@sha256:[0-9a-f]{64})?"
                            + "|sha256:[0-9a-f]{64}");

    /** The registry of names that name none. */
    public static final String DEFAULT_REGISTRY = "docker.io";

    private References() {}

    /**
     * The registry that a name names: its first component, if that has a dot or a colon or is
     * {@code localhost}; else {@link #DEFAULT_REGISTRY}.
     */
    public static String registry(String reference) {
        int slash = reference.indexOf('/');
        var first = slash < 0 ? "" : reference.substring(0, slash);
        boolean host = first.contains(".") || first.contains(":") || first.equals("localhost");
        return !host || first.equals("index.docker.io") ? DEFAULT_REGISTRY : first;
    }

    /** The reference, if it fits the grammar. */
    public static String check(String reference) {
        if (reference == null
                || reference.length() > 512
                || !REFERENCE.matcher(reference).matches()) {
            throw FaultException.invalid("%s is not an image reference", Names.quote(reference));
        }
        return reference;
    }
}
