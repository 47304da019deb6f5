package dev.gantry.storage.registry;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the administrator says of registries, {@code registries.json} (docs/registries.md). Without
 * a word of his every registry is spoken to by verified TLS, on loopback too.
 */
public record Registries(Map<String, Registry> registries) {
    /** Largest file that is read. */
    private static final long MAX_BYTES = 1 << 20;

    /** How little a registry is asked to prove. */
    public enum Insecure {
        /** It speaks no TLS. */
        @JsonProperty("http")
        HTTP,
        /** It speaks TLS, and nobody knows with whom. */
        @JsonProperty("unverified")
        UNVERIFIED
    }

    /**
     * One registry.
     *
     * @param mirrors asked first when pulling, in this order: host and port, perhaps a path
     * @param ca a file of certificates (PEM) that are believed besides the host's
     */
    public record Registry(List<String> mirrors, Optional<Insecure> insecure, Optional<String> ca) {
        static final Registry PLAIN = new Registry(List.of(), Optional.empty(), Optional.empty());

        /** Absent parts are empty. */
        public Registry {
            mirrors = Absent.orEmpty(mirrors);
            insecure = Absent.orEmpty(insecure);
            ca = Absent.orEmpty(ca);
        }
    }

    /** Absent registries are none. */
    public Registries {
        registries = Absent.orEmpty(registries);
    }

    /** The first of these files that is there; no word if none is. */
    static Registries read(List<Path> files) {
        for (var file : files) {
            try {
                if (Files.exists(file)) {
                    return read(file);
                }
            } catch (JsonProcessingException e) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION,
                        "registries file %s: %s",
                        file,
                        e.getOriginalMessage());
            } catch (IOException e) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION, "registries file %s: %s", file, e);
            }
        }
        return new Registries(Map.of());
    }

    private static Registries read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "registries file %s has more than %d bytes",
                    file,
                    MAX_BYTES);
        }
        // A word that is misspelt must not leave a registry less safe, or less used, than was
        // meant.
        return Json.mapper()
                .readerFor(Registries.class)
                .with(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .readValue(Files.readAllBytes(file));
    }

    /** What is said of a host and port. */
    Registry of(String host) {
        return registries.getOrDefault(host, Registry.PLAIN);
    }

    /** Where a repository is to be found: mirrors, unless it is written to, then itself. */
    List<Endpoint> endpoints(RegistryName name, boolean write) {
        var endpoints = new ArrayList<Endpoint>();
        if (!write) {
            for (var mirror : of(name.registry()).mirrors()) {
                endpoints.add(endpoint(mirror, name.repository(), true));
            }
        }
        var own = of(name.registry());
        endpoints.add(new Endpoint(base(name.host(), own), name.repository(), false, own));
        return endpoints;
    }

    private Endpoint endpoint(String mirror, String repository, boolean isMirror) {
        int slash = mirror.indexOf('/');
        var host = slash < 0 ? mirror : mirror.substring(0, slash);
        var prefix = slash < 0 ? "" : mirror.substring(slash + 1) + "/";
        var of = of(host);
        return new Endpoint(base(host, of), prefix + repository, isMirror, of);
    }

    private static URI base(String host, Registry of) {
        var scheme = of.insecure().equals(Optional.of(Insecure.HTTP)) ? "http" : "https";
        try {
            var uri = URI.create(scheme + "://" + host + "/v2/");
            if (uri.getHost() == null || uri.getUserInfo() != null) {
                throw new IllegalArgumentException(host);
            }
            return uri;
        } catch (IllegalArgumentException e) {
            throw FaultException.invalid("registry %s: not a host name", Names.quote(host));
        }
    }

    /**
     * One place where a repository is.
     *
     * @param base ends in {@code /v2/}
     * @param mirror whether it stands for another one: it gets no login
     */
    record Endpoint(URI base, String repository, boolean mirror, Registry of) {
        URI at(String rest) {
            return base.resolve(repository + "/" + rest);
        }
    }
}
