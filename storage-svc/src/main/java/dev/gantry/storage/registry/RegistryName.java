package dev.gantry.storage.registry;

import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.fault.FaultException;

import java.util.Optional;

/**
 * An image's name as registries read it. A first component that has a dot or a colon, or is {@code
 * localhost}, is a host; a name without one is of docker.io, and there below {@code library/} if it
 * has one component.
 *
 * @param registry host, and port if there is one
 * @param repository below it
 * @param digest of the content that is meant, whatever the tag says
 */
public record RegistryName(
        String registry, String repository, Optional<String> tag, Optional<String> digest) {
    private static final String DEFAULT = References.DEFAULT_REGISTRY;

    /** Reads a name; without tag and digest, {@code latest} is meant. */
    public static RegistryName parse(String reference) {
        References.check(reference);
        if (reference.startsWith("sha256:")) {
            throw FaultException.invalid("%s is an id: a registry knows names", reference);
        }
        int at = reference.indexOf('@');
        var digest = at < 0 ? Optional.<String>empty() : Optional.of(reference.substring(at + 1));
        var name = at < 0 ? reference : reference.substring(0, at);
        var registry = References.registry(name);
        int slash = name.indexOf('/');
        boolean named =
                !registry.equals(DEFAULT)
                        || name.startsWith("docker.io/")
                        || name.startsWith("index.docker.io/");
        var rest = named ? name.substring(slash + 1) : name;
        int colon = rest.lastIndexOf(':');
        var tag = colon < 0 ? Optional.<String>empty() : Optional.of(rest.substring(colon + 1));
        var repository = colon < 0 ? rest : rest.substring(0, colon);
        if (registry.equals(DEFAULT) && !repository.contains("/")) {
            repository = "library/" + repository;
        }
        if (tag.isEmpty() && digest.isEmpty()) {
            tag = Optional.of("latest");
        }
        return new RegistryName(registry, repository, tag, digest);
    }

    /** Host and port that serve the API. */
    String host() {
        return registry.equals(DEFAULT) ? "registry-1.docker.io" : registry;
    }

    /** What stands for the manifest in a URL. */
    String manifest() {
        return digest.or(() -> tag).orElseThrow();
    }

    /** The whole of it. */
    @Override
    public String toString() {
        return registry
                + "/"
                + repository
                + tag.map(t -> ":" + t).orElse("")
                + digest.map(d -> "@" + d).orElse("");
    }
}
