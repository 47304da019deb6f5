package dev.gantry.bus.contract.container;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.cgroup.CgroupResult.Usage;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The answers of {@code container.v1}. */
public sealed interface ContainerResult {
    /**
     * A container or a further process, and how to reach it.
     *
     * @param execId of a further process
     * @param attachSocket unix stream socket that speaks the attach protocol; empty if there is
     *     none
     */
    record Created(
            String id,
            String name,
            Optional<String> execId,
            long pid,
            boolean tty,
            String attachSocket,
            List<PlanStep> steps)
            implements ContainerResult {
        /** Absent parts are empty. */
        public Created {
            execId = Absent.orEmpty(execId);
            attachSocket = Absent.orEmpty(attachSocket);
            steps = Absent.orEmpty(steps);
        }
    }

    /**
     * How a container ended.
     *
     * @param stopped false: it has not, the time to wait was over
     * @param oomKilled whether the kernel killed one of its processes for memory
     */
    record Exit(boolean stopped, int code, boolean oomKilled, String reason)
            implements ContainerResult {
        /** Absent reason is empty. */
        public Exit {
            reason = Absent.orEmpty(reason);
        }
    }

    /** A line of a log; the text has no line end unless the line is partial. */
    record LogLine(long timeNanos, String stream, boolean partial, String text) {}

    /**
     * Lines and where to go on.
     *
     * @param end whether there was no more when it was read
     */
    record LogChunk(List<LogLine> lines, String cursor, boolean end) implements ContainerResult {
        /** Absent lines are none. */
        public LogChunk {
            lines = Absent.orEmpty(lines);
        }
    }

    /**
     * A line of {@code ps}.
     *
     * @param state created, running, paused, stopped
     * @param created seconds since the Unix epoch
     * @param imageId of the image it stands on, empty if it has come to none
     * @param volumes it uses, by name
     */
    record Summary(
            String id,
            String name,
            String image,
            List<String> command,
            long created,
            String state,
            String status,
            List<PortMapping> ports,
            Map<String, String> labels,
            String imageId,
            List<String> volumes) {
        /** Absent parts are empty. */
        public Summary {
            imageId = Absent.orEmpty(imageId);
            volumes = Absent.orEmpty(volumes);
            command = Absent.orEmpty(command);
            ports = Absent.orEmpty(ports);
            labels = Absent.orEmpty(labels);
        }
    }

    /** Lines of {@code ps}. */
    record Summaries(List<Summary> containers) implements ContainerResult {
        /** Absent containers are none. */
        public Summaries {
            containers = Absent.orEmpty(containers);
        }
    }

    /** All that is known of a container; docs/inspect.md lists the properties. */
    record Detail(ObjectNode container) implements ContainerResult {}

    /** What one container uses. */
    record Stat(String id, String name, Usage usage) {}

    /** What containers use. */
    record StatsList(List<Stat> stats) implements ContainerResult {
        /** Absent stats are none. */
        public StatsList {
            stats = Absent.orEmpty(stats);
        }
    }

    /** A table of processes: titles, and a row each. */
    record ProcessTable(List<String> titles, List<List<String>> rows) implements ContainerResult {
        /** Absent rows are none. */
        public ProcessTable {
            titles = Absent.orEmpty(titles);
            rows = Absent.orEmpty(rows);
        }
    }

    /** The plan as it was carried out. */
    record Explanation(String id, String name, List<PlanStep> steps) implements ContainerResult {
        /** Absent steps are none. */
        public Explanation {
            steps = Absent.orEmpty(steps);
        }
    }

    /**
     * An event of the durable log.
     *
     * @param sequence rises by one with each event
     */
    record LoggedEvent(long sequence, long timeNanos, String topic, ObjectNode body) {}

    /**
     * Events and where to go on.
     *
     * @param next the cursor for the next call
     * @param missed how many events before the first of these are no longer kept
     */
    record EventPage(List<LoggedEvent> events, long next, long missed) implements ContainerResult {
        /** Absent events are none. */
        public EventPage {
            events = Absent.orEmpty(events);
        }
    }

    /** Facts about the host and the services, by name. */
    record EngineInfo(Map<String, String> facts, Map<String, String> services)
            implements ContainerResult {
        /** Absent parts are empty. */
        public EngineInfo {
            facts = Absent.orEmpty(facts);
            services = Absent.orEmpty(services);
        }
    }
}
