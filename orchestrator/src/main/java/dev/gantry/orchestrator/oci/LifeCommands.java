package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.orchestrator.model.Signals;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.concurrent.Callable;

/** The commands about one container that is there. */
final class LifeCommands {
    private LifeCommands() {}

    /** What all have. */
    abstract static class OfOne implements Callable<Integer> {
        @ParentCommand OciCommand oci;

        @Parameters(index = "0", paramLabel = "ID", description = "of the container")
        String id;
    }

    @Command(name = "start", description = "Let the command of a created container run.")
    static final class Start extends OfOne {
        @Override
        public Integer call() {
            var containers = oci.containers();
            containers.start(id);
            if (oci.debug) {
                new Stages(ErrorLog.of(oci), containers.services())
                        .started(containers.store().look(id).pid());
            }
            return 0;
        }
    }

    @Command(name = "state", description = "Print the state of a container, as JSON.")
    static final class State extends OfOne {
        @Override
        public Integer call() {
            var state = oci.containers().store().look(id);
            oci.out().println(json(state).toPrettyString());
            oci.out().flush();
            return 0;
        }
    }

    /** The state of runtime.md, with what runc adds. */
    static ObjectNode json(ContainerState state) {
        var status = Status.of(state);
        var out = JsonNodeFactory.instance.objectNode();
        out.put("ociVersion", VersionText.SPEC);
        out.put("id", state.id());
        out.put("pid", status == Status.STOPPED ? 0 : state.pid());
        out.put("status", status.word());
        out.put("bundle", state.bundle());
        out.put("rootfs", state.rootfs());
        out.put("created", state.created());
        if (!state.annotations().isEmpty()) {
            state.annotations().forEach(out.putObject("annotations")::put);
        }
        return out.put("owner", "");
    }

    @Command(name = "kill", description = "Send a signal to a container's init.")
    static final class Kill extends OfOne {
        @Parameters(
                index = "1",
                arity = "0..1",
                defaultValue = "TERM",
                paramLabel = "SIGNAL",
                description = "name or number (default: ${DEFAULT-VALUE})")
        String signal;

        @Option(
                names = {"-a", "--all"},
                description = "to all of its processes")
        boolean all;

        @Override
        public Integer call() {
            oci.containers().kill(id, signal.equals("0") ? 0 : Signals.number(signal), all);
            return 0;
        }
    }

    @Command(name = "pause", description = "Freeze a container's processes.")
    static final class Pause extends OfOne {
        @Override
        public Integer call() {
            oci.containers().pause(id);
            return 0;
        }
    }

    @Command(name = "resume", description = "Let a paused container's processes run again.")
    static final class Resume extends OfOne {
        @Override
        public Integer call() {
            oci.containers().resume(id);
            return 0;
        }
    }

    @Command(name = "delete", description = "Remove what is left of a stopped container.")
    static final class Delete extends OfOne {
        @Option(
                names = {"-f", "--force"},
                description = "kill it if it lives; none there is no error")
        boolean force;

        @Override
        public Integer call() {
            oci.containers().delete(id, force);
            return 0;
        }
    }
}
