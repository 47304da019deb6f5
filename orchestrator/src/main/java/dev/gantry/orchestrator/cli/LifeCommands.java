package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** Commands that move containers through their life. */
final class LifeCommands {
    private LifeCommands() {}

    /**
     * A command that does the same to each container that is named, and goes on after a failure.
     */
    abstract static class Each implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "ids or names")
        List<String> containers;

        @Override
        public Integer call() {
            return each(gantry, containers, this::apply);
        }

        abstract void apply(String container);
    }

    static int each(GantryCommand gantry, List<String> names, Consumer<String> action) {
        int failed = 0;
        for (var name : names) {
            try {
                action.accept(name);
                gantry.out().println(name);
            } catch (FaultException e) {
                gantry.out().flush();
                Invocation.current().err().println("gantry: " + e.getMessage());
                failed = 1;
            }
        }
        gantry.out().flush();
        return failed;
    }

    @Command(
            name = "start",
            mixinStandardHelpOptions = true,
            description = "Start created or stopped containers.")
    static final class Start implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Option(
                names = {"-a", "--attach"},
                description = "attach to its output, and pass its exit code on")
        boolean attach;

        @Option(
                names = {"-i", "--interactive"},
                description = "attach to its input too")
        boolean interactive;

        @Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "ids or names")
        List<String> containers;

        @Override
        public Integer call() {
            if (!attach && !interactive) {
                return each(
                        gantry,
                        containers,
                        name -> gantry.engine().container(new ContainerOperation.Start(name)));
            }
            if (containers.size() != 1) {
                throw FaultException.invalid("start --attach takes one container");
            }
            var engine = gantry.engine();
            var held = engine.container(new ContainerOperation.Start(containers.getFirst(), true));
            var streams = new Streams(held.tty(), interactive, "ctrl-p,ctrl-q");
            try (var attached = streams.attach(held.attachSocket())) {
                Foreground.forwardSignals(engine, held, streams.tty());
                engine.container(new ContainerOperation.Start(held.id()));
                return attached.pump();
            }
        }
    }

    @Command(
            name = "stop",
            mixinStandardHelpOptions = true,
            description = "Stop containers: their stop signal, then SIGKILL.")
    static final class Stop extends Each {
        @Option(
                names = {"-t", "--time"},
                paramLabel = "SECONDS",
                description = "until SIGKILL, 10 unless told")
        int seconds = 10;

        @Override
        void apply(String container) {
            stop(gantry.engine(), container, seconds);
        }

        static void stop(Engine engine, String container, int seconds) {
            engine.ask(
                    ContainerOperation.CONTRACT,
                    new ContainerOperation.Stop(container, seconds * 1000L),
                    Engine.PATIENCE.plusSeconds(seconds));
        }
    }

    @Command(
            name = "restart",
            mixinStandardHelpOptions = true,
            description = "Stop containers and start them again.")
    static final class Restart extends Each {
        @Option(
                names = {"-t", "--time"},
                paramLabel = "SECONDS",
                description = "until SIGKILL, 10 unless told")
        int seconds = 10;

        @Override
        void apply(String container) {
            Stop.stop(gantry.engine(), container, seconds);
            gantry.engine().container(new ContainerOperation.Start(container));
        }
    }

    @Command(
            name = "kill",
            mixinStandardHelpOptions = true,
            description = "Send a signal to containers.")
    static final class Kill extends Each {
        @Option(
                names = {"-s", "--signal"},
                paramLabel = "SIGNAL",
                description = "by name or number, KILL unless told")
        String signal = "KILL";

        @Override
        void apply(String container) {
            gantry.engine().container(new ContainerOperation.Kill(container, signal));
        }
    }

    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Remove containers.")
    static final class Remove extends Each {
        @Option(
                names = {"-f", "--force"},
                description = "running ones too; absent ones are no error")
        boolean force;

        @Option(
                names = {"-v", "--volumes"},
                description = "with the volumes that were made for it alone")
        boolean volumes;

        @Override
        void apply(String container) {
            try {
                gantry.engine().container(new ContainerOperation.Remove(container, force, volumes));
            } catch (FaultException e) {
                if (!force || e.fault().code() != FaultCode.NOT_FOUND) {
                    throw e;
                }
            }
        }
    }

    @Command(name = "pause", mixinStandardHelpOptions = true, description = "Freeze containers.")
    static final class Pause extends Each {
        @Override
        void apply(String container) {
            gantry.engine().container(new ContainerOperation.Pause(container));
        }
    }

    @Command(name = "unpause", mixinStandardHelpOptions = true, description = "Thaw containers.")
    static final class Unpause extends Each {
        @Override
        void apply(String container) {
            gantry.engine().container(new ContainerOperation.Unpause(container));
        }
    }

    @Command(
            name = "wait",
            mixinStandardHelpOptions = true,
            description = "Wait until containers have stopped, and print their exit codes.")
    static final class Wait implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Parameters(arity = "1..*", paramLabel = "CONTAINER", description = "ids or names")
        List<String> containers;

        @Override
        public Integer call() {
            for (var container : containers) {
                gantry.out()
                        .println(
                                Foreground.await(gantry.engine(), container, Optional.empty())
                                        .code());
                gantry.out().flush();
            }
            return 0;
        }
    }

    @Command(
            name = "rename",
            mixinStandardHelpOptions = true,
            description = "Give a container another name.")
    static final class Rename implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Parameters(index = "0", paramLabel = "CONTAINER", description = "id or name")
        String container;

        @Parameters(index = "1", paramLabel = "NAME", description = "the new name")
        String name;

        @Override
        public Integer call() {
            gantry.engine().container(new ContainerOperation.Rename(container, name));
            return 0;
        }
    }

    @Command(
            name = "update",
            mixinStandardHelpOptions = true,
            description = "Change the limits of live containers.")
    static final class Update extends Each {
        @Mixin ResourceOptions resources;

        @Override
        void apply(String container) {
            gantry.engine()
                    .container(
                            new ContainerOperation.Update(
                                    container, resources.resources(List.of())));
        }
    }
}
