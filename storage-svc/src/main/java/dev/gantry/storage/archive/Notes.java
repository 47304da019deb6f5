package dev.gantry.storage.archive;

import java.util.ArrayList;
import java.util.List;

/** What was left out of a layer, for people; a stranger does not decide how long it gets. */
final class Notes {
    private static final int MOST = 50;

    private final List<String> all = new ArrayList<>();

    void add(String note) {
        if (all.size() < MOST) {
            all.add(note);
        } else if (all.size() == MOST) {
            all.add("and more was left out");
        }
    }

    List<String> all() {
        return List.copyOf(all);
    }
}
