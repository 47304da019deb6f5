package dev.gantry.bus.contract.container;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.fault.Fault;

import java.util.List;
import java.util.Optional;

/** The answers of builds. */
public sealed interface BuildResult {
    /** A build that goes on; {@code stages} counts those that are needed. */
    record Begun(String build, int stages) implements BuildResult {}

    /** What a line of a build's progress tells. */
    enum Kind {
        /** A step begins; the text is its instruction. */
        STEP,
        /** The step came to what it came to before. */
        CACHED,
        /** The step is through. */
        DONE,
        /** A line that the step wrote to its standard output or standard error. */
        OUTPUT,
        /** The step failed; the text says why. */
        FAILED,
        /** Something else worth telling. */
        NOTE
    }

    /**
     * A line of a build's progress.
     *
     * @param number rises by one with each line
     * @param stage its name, or its number
     * @param step of the stage, from 1; FROM is the first
     * @param steps of the stage
     * @param image id of the image that the step came to, where it came to one
     */
    record Line(
            long number,
            Kind kind,
            String stage,
            int step,
            int steps,
            String text,
            Optional<String> image,
            long timeNanos) {
        /** Absent parts are empty. */
        public Line {
            stage = Absent.orEmpty(stage);
            text = Absent.orEmpty(text);
            image = Absent.orEmpty(image);
        }
    }

    /**
     * Lines, and how the build ended if it has.
     *
     * @param image id of the image
     * @param failure why there is none
     */
    record Lines(
            List<Line> lines,
            boolean ended,
            Optional<String> image,
            Optional<String> digest,
            Optional<Fault> failure)
            implements BuildResult {
        /** Absent parts are empty. */
        public Lines {
            lines = Absent.orEmpty(lines);
            image = Absent.orEmpty(image);
            digest = Absent.orEmpty(digest);
            failure = Absent.orEmpty(failure);
        }
    }

    /** How much was forgotten. */
    record Pruned(int records, int caches) implements BuildResult {}
}
