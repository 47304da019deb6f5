package dev.gantry.orchestrator.cli;

import picocli.AutoComplete;
import picocli.CommandLine;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The subcommands of {@code gantry}. Only the one that is named is built: the description of all of
 * them costs more than most of them take.
 */
final class Commands {
    private static final Map<String, Supplier<Object>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("run", RunCommands.Run::new);
        COMMANDS.put("create", RunCommands.Create::new);
        COMMANDS.put("start", LifeCommands.Start::new);
        COMMANDS.put("stop", LifeCommands.Stop::new);
        COMMANDS.put("restart", LifeCommands.Restart::new);
        COMMANDS.put("kill", LifeCommands.Kill::new);
        COMMANDS.put("rm", LifeCommands.Remove::new);
        COMMANDS.put("pause", LifeCommands.Pause::new);
        COMMANDS.put("unpause", LifeCommands.Unpause::new);
        COMMANDS.put("wait", LifeCommands.Wait::new);
        COMMANDS.put("rename", LifeCommands.Rename::new);
        COMMANDS.put("update", LifeCommands.Update::new);
        COMMANDS.put("exec", ExecCommand::new);
        COMMANDS.put("attach", AttachCommand::new);
        COMMANDS.put("ps", LookCommands.ListContainers::new);
        COMMANDS.put("inspect", LookCommands.Inspect::new);
        COMMANDS.put("top", LookCommands.Top::new);
        COMMANDS.put("port", LookCommands.Port::new);
        COMMANDS.put("diff", LookCommands.Diff::new);
        COMMANDS.put("explain", LookCommands.Explain::new);
        COMMANDS.put("stats", StatsCommand::new);
        COMMANDS.put("logs", LogsCommand::new);
        COMMANDS.put("events", EventsCommand::new);
        COMMANDS.put("images", ListImages::new);
        COMMANDS.put("image", ImageCommands::group);
        COMMANDS.put("rmi", ImageCommands.Remove::new);
        COMMANDS.put("history", ImageHistory::new);
        COMMANDS.put("tag", ImageCommands.Tag::new);
        COMMANDS.put("pull", PullCommand::new);
        COMMANDS.put("push", PushCommand::new);
        COMMANDS.put("save", SaveCommand::new);
        COMMANDS.put("load", LoadCommand::new);
        COMMANDS.put("import", ImportCommand::new);
        COMMANDS.put("export", ExportCommand::new);
        COMMANDS.put("commit", CommitCommand::new);
        COMMANDS.put("build", BuildCommand::new);
        COMMANDS.put("network", NetworkCommands::new);
        COMMANDS.put("volume", VolumeCommands::new);
        COMMANDS.put("container", ContainerCommands::new);
        COMMANDS.put("system", SystemCommands::new);
        COMMANDS.put("storage", StorageCommands::new);
        COMMANDS.put("info", InfoCommand::new);
        COMMANDS.put("version", VersionCommand::new);
        COMMANDS.put("up", UpCommand::new);
        COMMANDS.put("down", DownCommand::new);
        COMMANDS.put("services", ServicesCommand::new);
    }

    private Commands() {}

    /** The command line with the subcommand that the arguments name, or with all of them. */
    static CommandLine line(GantryCommand gantry, String... arguments) {
        var line = new CommandLine(gantry);
        var named = named(arguments);
        if (COMMANDS.containsKey(named)) {
            line.addSubcommand(named, COMMANDS.get(named).get());
        } else {
            COMMANDS.forEach((name, command) -> line.addSubcommand(name, command.get()));
            line.addSubcommand(new AutoComplete.GenerateCompletion());
            line.addSubcommand(new CommandLine.HelpCommand());
        }
        return line;
    }

    /** The first argument that is neither an option of gantry nor its value. */
    private static String named(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--root")) {
                i++;
            } else if (!arguments[i].startsWith("-")) {
                return arguments[i];
            }
        }
        return "";
    }
}
