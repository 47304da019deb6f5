package dev.gantry.bus.broker;

import com.fasterxml.jackson.core.JsonProcessingException;

import dev.gantry.bus.Topics;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Who may do what on the bus. What is not allowed here is denied; a user that is not named may not
 * even connect.
 *
 * @param identities by name
 */
public record Policy(Map<String, Identity> identities) {
    private static final String RESOURCE = "policy.json";

    /**
     * What an identity may do. Patterns are names, or prefixes that end in {@code *}.
     *
     * @param uids users that are this identity
     * @param own service addresses it may serve
     * @param call service addresses it may send to
     * @param publish topics
     * @param subscribe topics and patterns; a pattern must lie within one of these
     */
    public record Identity(
            List<Long> uids,
            List<String> own,
            List<String> call,
            List<String> publish,
            List<String> subscribe) {
        static final Identity NONE =
                new Identity(List.of(), List.of(), List.of(), List.of(), List.of());

        /** What is absent is not allowed. */
        public Identity {
            uids = uids == null ? List.of() : List.copyOf(uids);
            own = patterns(own);
            call = patterns(call);
            publish = patterns(publish);
            subscribe = patterns(subscribe);
        }

        boolean mayOwn(String address) {
            return allows(own, address);
        }

        boolean mayCall(String address) {
            return allows(call, address);
        }

        boolean mayPublish(String topic) {
            return allows(publish, topic);
        }

        boolean maySubscribe(String pattern) {
            return allows(subscribe, pattern);
        }

        // A pattern lies within a pattern when it begins with the same prefix: its star is one more
        // character there.
        private static boolean allows(List<String> patterns, String name) {
            return patterns.stream().anyMatch(pattern -> Topics.matches(pattern, name));
        }

        private static List<String> patterns(List<String> given) {
            var list = given == null ? List.<String>of() : List.copyOf(given);
            list.forEach(Topics::checkPattern);
            return list;
        }
    }

    /** An identity with its name. */
    record Known(String name, Identity rights) {}

    /** A user must not be two identities. */
    public Policy {
        identities = Map.copyOf(Objects.requireNonNull(identities, "identities"));
        var owners = new HashMap<Long, String>();
        for (var entry : identities.entrySet()) {
            for (var uid : entry.getValue().uids()) {
                var other = owners.put(uid, entry.getKey());
                if (other != null) {
                    throw FaultException.invalid(
                            "policy: uid %d is both %s and %s", uid, other, entry.getKey());
                }
            }
        }
    }

    /** The policy that comes with Gantry. */
    public static Policy standard() {
        try (var resource = Policy.class.getResourceAsStream(RESOURCE)) {
            return Json.mapper().readValue(resource, Policy.class);
        } catch (IOException e) {
            throw new IllegalStateException("the built-in policy cannot be read", e);
        }
    }

    /** A policy of the administrator's, instead of the built-in one. */
    public static Policy read(Path file) {
        try {
            return Json.mapper().readValue(Files.readAllBytes(file), Policy.class);
        } catch (JsonProcessingException e) {
            throw FaultException.invalid("policy %s: %s", file, e.getOriginalMessage());
        } catch (IOException e) {
            throw FaultException.invalid("policy %s: %s", file, e);
        }
    }

    /** Who a user is, if the policy knows it. */
    Optional<Known> identify(long uid) {
        return identities.entrySet().stream()
                .filter(entry -> entry.getValue().uids().contains(uid))
                .map(entry -> new Known(entry.getKey(), entry.getValue()))
                .findFirst();
    }
}
