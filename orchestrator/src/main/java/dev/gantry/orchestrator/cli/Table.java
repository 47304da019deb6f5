package dev.gantry.orchestrator.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Rows in columns that are as wide as their widest cell, three blanks apart. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    /** A table with a title over each column. */
    public Table(String... titles) {
        rows.add(List.of(titles));
    }

    Table(List<String> titles) {
        rows.add(titles);
    }

    /** Adds a row, with a cell for each column. */
    public void row(String... cells) {
        rows.add(List.of(cells));
    }

    void row(List<String> cells) {
        rows.add(cells);
    }

    /** Prints all. */
    public void print(PrintWriter out) {
        int columns = rows.getFirst().size();
        var widths = new int[columns];
        for (var row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (var row : rows) {
            var line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                line.append(row.get(i));
                if (i < columns - 1) {
                    line.repeat(' ', widths[i] - row.get(i).length() + 3);
                }
            }
            out.println(line);
        }
        out.flush();
    }
}
