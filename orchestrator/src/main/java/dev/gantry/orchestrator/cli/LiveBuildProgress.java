package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.BuildResult.Line;
import dev.gantry.orchestrator.invocation.Invocation;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * For a terminal: what is done stays as a line each, below it stand the steps that go on, with the
 * time they take and the last lines they wrote. Control characters of a step do not reach the
 * terminal.
 */
final class LiveBuildProgress implements BuildProgress {
    private static final long REDRAW_MILLIS = 200;
    private static final int OUTPUT_LINES = 4;
    private static final int FAILED_LINES = 60;
    private static final int WIDTH = 120;

    private final PrintStream out =
            new PrintStream(Invocation.current().err(), false, StandardCharsets.UTF_8);
    private final Map<String, Going> going = new LinkedHashMap<>();
    private int drawn;
    private boolean named;

    private static final class Going {
        final String title;
        final long begun = System.nanoTime();
        final Deque<String> output = new ArrayDeque<>();

        Going(String title) {
            this.title = title;
        }

        String line(String mark) {
            return String.format("%s %s  %.1fs", mark, title, (System.nanoTime() - begun) / 1e9);
        }
    }

    @Override
    public void begin(int stages) {
        named = stages > 1;
    }

    @Override
    public long patienceMillis() {
        return REDRAW_MILLIS;
    }

    @Override
    public void lines(List<Line> lines) {
        erase();
        lines.forEach(this::take);
        draw();
    }

    private void take(Line line) {
        var step = going.get(line.stage());
        switch (line.kind()) {
            case STEP -> {
                if (step != null) {
                    print(step.line("✔")); // one that only changed the configuration
                }
                going.put(
                        line.stage(),
                        new Going(BuildProgress.step(line, named) + " " + firstLine(line.text())));
            }
            case OUTPUT -> {
                if (step != null) {
                    step.output.add(line.text());
                    if (step.output.size() > FAILED_LINES) {
                        step.output.removeFirst();
                    }
                }
            }
            case CACHED -> over(line, "=");
            case DONE -> over(line, "✔");
            case FAILED -> {
                if (step != null) {
                    print(step.line("✘"));
                    step.output.forEach(text -> print("  " + text));
                    going.remove(line.stage());
                }
            }
            case NOTE -> print("gantry: " + line.text());
        }
    }

    private void over(Line line, String mark) {
        var step = going.remove(line.stage());
        if (step != null) {
            var id = line.image().map(i -> "  " + BuildProgress.shortened(i)).orElse("");
            print(step.line(mark) + id);
        }
    }

    private void erase() {
        if (drawn > 0) {
            out.print("\033[" + drawn + "F\033[J");
            drawn = 0;
        }
    }

    private void draw() {
        for (var step : going.values()) {
            var lines = new ArrayList<String>();
            lines.add(step.line("…"));
            step.output.stream()
                    .skip(Math.max(0, step.output.size() - OUTPUT_LINES))
                    .forEach(text -> lines.add("  " + text));
            lines.forEach(this::print);
            drawn += lines.size();
        }
        out.flush();
    }

    private void print(String text) {
        var visible = text.replaceAll("\\p{Cntrl}", " ");
        out.println(visible.length() > WIDTH ? visible.substring(0, WIDTH - 1) + "…" : visible);
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    @Override
    public void end(boolean failed) {
        erase();
        if (!failed) {
            going.values().forEach(step -> print(step.line("✔")));
        }
        out.flush();
    }
}
