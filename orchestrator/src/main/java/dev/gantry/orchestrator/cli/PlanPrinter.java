package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.PlanStep;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** Prints a plan: as a table, or as the commands that a person would type. */
final class PlanPrinter {
    private PlanPrinter() {}

    static void print(PrintWriter out, List<PlanStep> steps, boolean shell) {
        if (shell) {
            var service = "";
            for (var step : steps) {
                if (!step.service().equals(service)) {
                    service = step.service();
                    out.println("# " + service);
                }
                if (!step.shell().isEmpty()) {
                    out.println(step.shell());
                }
            }
            out.flush();
            return;
        }
        boolean carriedOut = steps.stream().anyMatch(step -> step.answer().isPresent());
        var table =
                carriedOut
                        ? new Table("#", "SERVICE", "OPERATION", "TOOK", "ANSWER", "DETAIL")
                        : new Table("#", "SERVICE", "OPERATION", "DETAIL");
        int number = 0;
        for (var step : steps) {
            number++;
            if (carriedOut) {
                table.row(
                        Integer.toString(number),
                        step.service(),
                        step.operation(),
                        step.durationNanos().map(PlanPrinter::micros).orElse("-"),
                        step.answer().orElse("-"),
                        step.detail());
            } else {
                table.row(
                        Integer.toString(number), step.service(), step.operation(), step.detail());
            }
        }
        table.print(out);
    }

    private static String micros(long nanos) {
        return String.format(Locale.ROOT, "%.0f µs", nanos / 1000.0);
    }
}
