package dev.gantry.orchestrator.cli;

import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code prune} of images, containers, volumes, networks, and of all. */
final class PruneCommands {
    private PruneCommands() {}

    /** A prune: it asks first, unless it is told not to. */
    abstract static class Prune implements Callable<Integer> {
        @ParentCommand Above above;

        @Option(
                names = {"-f", "--force"},
                description = "do not ask")
        boolean force;

        abstract String warning();

        abstract void prune(Reclaiming reclaiming);

        @Override
        public Integer call() {
            var gantry = above.gantry();
            if (!force && !agreed(gantry)) {
                return 0;
            }
            var reclaiming = new Reclaiming(gantry);
            prune(reclaiming);
            reclaiming.total();
            return 0;
        }

        private boolean agreed(GantryCommand gantry) {
            gantry.out().println("WARNING! This will remove " + warning() + ".");
            gantry.out().print("Are you sure you want to continue? [y/N] ");
            gantry.out().flush();
            try {
                int answer = Invocation.current().in().read();
                return answer == 'y' || answer == 'Y';
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Command(
            name = "prune",
            mixinStandardHelpOptions = true,
            description = "Remove images that have no name and no container.")
    static final class Images extends Prune {
        @Option(
                names = {"-a", "--all"},
                description = "those with names, too, on which no container stands")
        boolean all;

        @Option(
                names = "--filter",
                paramLabel = "KEY=VALUE",
                description = "by " + ImageFilters.KEYS)
        List<String> filters = List.of();

        @Override
        String warning() {
            return all ? "all images without a container" : "all images without a name";
        }

        @Override
        void prune(Reclaiming reclaiming) {
            reclaiming.images(all, filters);
        }
    }

    @Command(
            name = "prune",
            mixinStandardHelpOptions = true,
            description = "Remove containers that do not run.")
    static final class Containers extends Prune {
        @Option(
                names = "--filter",
                paramLabel = "KEY=VALUE",
                description = "by until, label, label!")
        List<String> filters = List.of();

        @Override
        String warning() {
            return "all containers that do not run";
        }

        @Override
        void prune(Reclaiming reclaiming) {
            reclaiming.containers(filters);
        }
    }

    @Command(
            name = "prune",
            mixinStandardHelpOptions = true,
            description = "Remove volumes that were made for a container and that none has.")
    static final class Volumes extends Prune {
        @Option(
                names = {"-a", "--all"},
                description = "those with a name of their own, too")
        boolean all;

        @Option(
                names = "--filter",
                paramLabel = "KEY=VALUE",
                description = "by name, label, driver")
        List<String> filters = List.of();

        @Override
        String warning() {
            return all
                    ? "all volumes that no container has"
                    : "all anonymous volumes that no container has";
        }

        @Override
        void prune(Reclaiming reclaiming) {
            reclaiming.volumes(all, filters);
        }
    }

    @Command(
            name = "prune",
            mixinStandardHelpOptions = true,
            description = "Remove networks that no container is on.")
    static final class Networks extends Prune {
        @Override
        String warning() {
            return "all networks without a container";
        }

        @Override
        void prune(Reclaiming reclaiming) {
            reclaiming.networks();
        }
    }

    @Command(
            name = "prune",
            mixinStandardHelpOptions = true,
            description = "Remove containers that do not run, and networks and images without one.")
    static final class Everything extends Prune {
        @Option(
                names = {"-a", "--all"},
                description = "images with names, too")
        boolean all;

        @Option(names = "--volumes", description = "anonymous volumes, too")
        boolean volumes;

        @Option(
                names = "--filter",
                paramLabel = "KEY=VALUE",
                description = "of containers and images: until, label, label!")
        List<String> filters = List.of();

        @Override
        String warning() {
            var all = new ArrayList<String>();
            all.add("all containers that do not run");
            all.add("all networks without a container");
            if (volumes) {
                all.add("all anonymous volumes that no container has");
            }
            all.add(this.all ? "all images without a container" : "all images without a name");
            return String.join(", ", all);
        }

        @Override
        void prune(Reclaiming reclaiming) {
            reclaiming.containers(filters);
            reclaiming.networks();
            if (volumes) {
                reclaiming.volumes(false, List.of());
            }
            reclaiming.images(all, filters);
        }
    }
}
