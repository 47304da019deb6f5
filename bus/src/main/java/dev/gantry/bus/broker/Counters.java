package dev.gantry.bus.broker;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What the broker has done since its start. */
final class Counters {
    /** What is counted. */
    enum Of {
        CONNECTIONS,
        REFUSED_CONNECTIONS,
        CUT_OFF,
        REQUESTS,
        ANSWERS,
        LATE_ANSWERS,
        EXPIRED,
        REDELIVERED,
        TAKEOVERS,
        DENIED,
        EVENTS,
        EVENT_DELIVERIES
    }

    private final Map<Of, Long> counts = new EnumMap<>(Of.class);

    void count(Of what) {
        counts.merge(what, 1L, Long::sum);
    }

    long of(Of what) {
        return counts.getOrDefault(what, 0L);
    }

    Map<String, Long> all() {
        var all = new LinkedHashMap<String, Long>();
        for (var what : Of.values()) {
            all.put(what.name().toLowerCase(Locale.ROOT).replace('_', '-'), of(what));
        }
        return all;
    }
}
