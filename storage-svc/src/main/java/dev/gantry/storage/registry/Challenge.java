package dev.gantry.storage.registry;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a server wants to be logged in to ({@code WWW-Authenticate}, RFC 9110 section 11.6.1).
 *
 * @param scheme in lower case: {@code basic}, {@code bearer}
 */
record Challenge(String scheme, Map<String, String> parameters) {
    private static final int LONGEST = 4096;
    private static final Pattern SCHEME = Pattern.compile("\\s*([A-Za-z]+)\\s*");
    private static final Pattern PARAMETER =
            Pattern.compile(
                    "\\s*,?\\s*([A-Za-z_]+)\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^\\s,\"]+))");

    /** The first challenge of a scheme that is known here. */
    static Optional<Challenge> of(List<String> headers) {
        for (var scheme : List.of("bearer", "basic")) {
            for (var header : headers) {
                var challenge = parse(header);
                if (challenge.isPresent() && challenge.get().scheme().equals(scheme)) {
                    return challenge;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Challenge> parse(String header) {
        if (header.length() > LONGEST) {
            return Optional.empty();
        }
        Matcher scheme = SCHEME.matcher(header);
        if (!scheme.lookingAt()) {
            return Optional.empty();
        }
        var parameters = new LinkedHashMap<String, String>();
        Matcher parameter = PARAMETER.matcher(header);
        int at = scheme.end();
        while (parameter.region(at, header.length()).lookingAt()) {
            var value =
                    parameter.group(2) != null
                            ? parameter.group(2).replaceAll("\\\\(.)", "$1")
                            : parameter.group(3);
            parameters.putIfAbsent(parameter.group(1).toLowerCase(Locale.ROOT), value);
            at = parameter.end();
        }
        return Optional.of(new Challenge(scheme.group(1).toLowerCase(Locale.ROOT), parameters));
    }

    Optional<String> get(String name) {
        return Optional.ofNullable(parameters.get(name));
    }
}
