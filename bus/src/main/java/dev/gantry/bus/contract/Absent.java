package dev.gantry.bus.contract;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What an absent part of a message stands for: null never leaves a compact constructor. */
public final class Absent {
    private Absent() {}

    /** The list, unmodifiable; empty where it is absent. */
    public static <T> List<T> orEmpty(List<T> list) {
        return list == null ? List.of() : List.copyOf(list);
    }

    /** The map, unmodifiable and in its order; empty where it is absent. */
    public static <K, V> Map<K, V> orEmpty(Map<K, V> map) {
        return map == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    /** The optional; empty where it is absent. */
    public static <T> Optional<T> orEmpty(Optional<T> optional) {
        return optional == null ? Optional.empty() : optional;
    }

    /** The text; empty where it is absent. */
    public static String orEmpty(String text) {
        return text == null ? "" : text;
    }
}
