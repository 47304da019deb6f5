package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.FaultException;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Filters of images, {@code KEY=VALUE} each. Different keys must all hold, and so must several
 * labels; of several references one must.
 */
final class ImageFilters {
    static final String KEYS = "dangling, label, label!, before, since, until, reference";

    private static final Pattern SPAN =
            Pattern.compile("(?:(\\d{1,9})d)?(?:(\\d{1,9})h)?(?:(\\d{1,9})m)?(?:(\\d{1,9})s)?");

    private ImageFilters() {}

    /**
     * What the filters let through.
     *
     * @param find an image by name or id
     */
    static Predicate<Image> of(List<String> filters, Function<String, Image> find) {
        var byKey = new LinkedHashMap<String, Predicate<Image>>();
        for (var filter : filters) {
            int equals = filter.indexOf('=');
            if (equals <= 0) {
                throw FaultException.invalid("--filter %s is not KEY=VALUE", Names.quote(filter));
            }
            var negated = filter.charAt(equals - 1) == '!';
            var key = filter.substring(0, negated ? equals - 1 : equals);
            var test = test(key, negated, filter.substring(equals + 1), find);
            byKey.merge(key, test, key.equals("reference") ? Predicate::or : Predicate::and);
        }
        return byKey.values().stream().reduce(image -> true, Predicate::and);
    }

    /** Which names of an image the filters {@code reference} let through; without any, all. */
    static Predicate<String> names(List<String> filters) {
        var prefix = "reference=";
        return filters.stream()
                .filter(filter -> filter.startsWith(prefix))
                .map(filter -> glob(filter.substring(prefix.length())))
                .reduce(Predicate::or)
                .orElse(name -> true);
    }

    private static Predicate<Image> test(
            String key, boolean negated, String value, Function<String, Image> find) {
        if (negated && !key.equals("label")) {
            throw FaultException.invalid("--filter %s!=: only label can be negated", key);
        }
        return switch (key) {
            case "dangling" -> {
                boolean wanted = bool(key, value);
                yield image -> isDangling(image) == wanted;
            }
            case "label" -> {
                var test = label(value);
                yield image -> test.test(image.config().labels()) != negated;
            }
            case "before" -> {
                long time = find.apply(value).created();
                yield image -> image.created() < time;
            }
            case "since" -> {
                long time = find.apply(value).created();
                yield image -> image.created() > time;
            }
            case "until" -> {
                var time = time(value);
                yield image -> Instant.ofEpochSecond(image.created()).isBefore(time);
            }
            case "reference" -> {
                var test = glob(value);
                yield image -> image.references().stream().anyMatch(test);
            }
            default ->
                    throw FaultException.invalid(
                            "--filter %s is none of %s", Names.quote(key), KEYS);
        };
    }

    /** Whether it has no name. */
    static boolean isDangling(Image image) {
        return image.references().isEmpty();
    }

    static boolean bool(String key, String value) {
        return switch (value) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default ->
                    throw FaultException.invalid(
                            "--filter %s=%s is neither true nor false", key, Names.quote(value));
        };
    }

    /** {@code KEY} or {@code KEY=VALUE} among labels. */
    static Predicate<Map<String, String>> label(String text) {
        int equals = text.indexOf('=');
        return equals < 0
                ? labels -> labels.containsKey(text)
                : labels ->
                        text.substring(equals + 1).equals(labels.get(text.substring(0, equals)));
    }

    /** A time: RFC 3339, seconds since the epoch, or a span before now such as {@code 24h}. */
    static Instant time(String text) {
        var span = SPAN.matcher(text);
        if (!text.isEmpty() && span.matches()) {
            var past = Duration.ZERO;
            past = past.plusDays(number(span.group(1))).plusHours(number(span.group(2)));
            past = past.plusMinutes(number(span.group(3))).plusSeconds(number(span.group(4)));
            return Instant.now().minus(past);
        }
        if (text.matches("\\d{1,11}")) {
            return Instant.ofEpochSecond(Long.parseLong(text));
        }
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException e) {
            throw FaultException.invalid(
                    "until %s is neither a time (2026-01-31T12:00:00Z) nor a span (24h, 10m)",
                    Names.quote(text));
        }
    }

    private static long number(String digits) {
        return digits == null ? 0 : Long.parseLong(digits);
    }

    /** A pattern over a name, with its tag or without; {@code *} does not cross a slash. */
    private static Predicate<String> glob(String pattern) {
        try {
            var matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
            return name ->
                    matcher.matches(Path.of(name))
                            || matcher.matches(Path.of(ImageRows.repository(name)));
        } catch (java.util.regex.PatternSyntaxException e) {
            throw FaultException.invalid(
                    "--filter reference=%s is not a pattern: %s",
                    Names.quote(pattern), e.getDescription());
        }
    }
}
