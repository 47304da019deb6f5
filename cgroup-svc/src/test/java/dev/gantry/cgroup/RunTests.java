package dev.gantry.cgroup;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

import java.io.PrintWriter;
import java.util.stream.Stream;

/** Runs test classes without Maven: in the guest. Exits with 1 if one fails or none ran. */
final class RunTests {
    private RunTests() {}

    /** The classes' names. */
    public static void main(String[] classes) {
        var summary = new SummaryGeneratingListener();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(
                                        Stream.of(classes).map(name -> selectClass(name)).toList())
                                .build(),
                        summary,
                        new Progress());
        var out = new PrintWriter(System.out, true);
        summary.getSummary().printFailuresTo(out, 12);
        var counts = summary.getSummary();
        out.printf(
                "%d passed, %d failed, %d skipped%n",
                counts.getTestsSucceededCount(),
                counts.getTotalFailureCount(),
                counts.getTestsSkippedCount());
        boolean good = counts.getTotalFailureCount() == 0 && counts.getTestsSucceededCount() > 0;
        System.exit(good ? 0 : 1);
    }

    private static final class Progress implements TestExecutionListener {
        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            System.out.println("skipped " + test.getDisplayName() + ": " + reason);
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest()) {
                System.out.println(
                        result.getStatus().name().toLowerCase(java.util.Locale.ROOT)
                                + " "
                                + test.getDisplayName());
            }
        }
    }
}
