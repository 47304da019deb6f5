package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.concurrent.Callable;

/** {@code volume}. */
@Command(
        name = "volume",
        mixinStandardHelpOptions = true,
        description = "Named volumes: create, ls, rm.",
        subcommands = {
            VolumeCommands.Create.class,
            VolumeCommands.ListVolumes.class,
            VolumeCommands.Remove.class
        })
final class VolumeCommands implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Override
    public Integer call() {
        throw FaultException.invalid("volume: no command is named; gantry volume --help");
    }

    @Command(name = "create", mixinStandardHelpOptions = true, description = "Make a volume.")
    static final class Create implements Callable<Integer> {
        @ParentCommand VolumeCommands parent;

        @Option(names = "--label", paramLabel = "KEY=VALUE", description = "a label")
        List<String> labels = List.of();

        @Parameters(paramLabel = "NAME", description = "its name")
        String name;

        @Override
        public Integer call() {
            var labelMap = OptionSyntax.pairs("--label", labels, true);
            parent.gantry.engine().storage(new StorageOperation.VolumeCreate(name, labelMap));
            parent.gantry.out().println(name);
            parent.gantry.out().flush();
            return 0;
        }
    }

    @Command(name = "ls", mixinStandardHelpOptions = true, description = "List volumes.")
    static final class ListVolumes implements Callable<Integer> {
        @ParentCommand VolumeCommands parent;

        @Override
        public Integer call() {
            var table = new Table("NAME", "CREATED", "PATH");
            for (var volume :
                    parent.gantry.engine().storage(new StorageOperation.Volumes()).volumes()) {
                table.row(volume.name(), Sizes.ago(volume.created()), volume.path());
            }
            table.print(parent.gantry.out());
            return 0;
        }
    }

    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Remove volumes.")
    static final class Remove implements Callable<Integer> {
        @ParentCommand VolumeCommands parent;

        @Parameters(arity = "1..*", paramLabel = "NAME", description = "names")
        List<String> names;

        @Override
        public Integer call() {
            return LifeCommands.each(
                    parent.gantry,
                    names,
                    name ->
                            parent.gantry
                                    .engine()
                                    .storage(new StorageOperation.VolumeRemove(name)));
        }
    }
}
