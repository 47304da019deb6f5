package dev.gantry.orchestrator.oci;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Help in the form in which runc gives it, so that who knows the one finds his way in the other.
 */
final class HelpPages {
    private HelpPages() {}

    /** Of the command itself. */
    static void of(CommandLine line) {
        page(
                line,
                "gantry-oci - in the place of runc - Open Container Initiative runtime, on top of"
                        + " Gantry's services");
        line.getCommandSpec().usageMessage().commandListHeading("%nCOMMANDS:%n");
    }

    /** Of one of its commands, which has the option for it too. */
    static void of(String name, CommandLine command) {
        var spec = command.getCommandSpec();
        spec.addOption(
                OptionSpec.builder("-h", "--help")
                        .usageHelp(true)
                        .type(boolean.class)
                        .description("show this help")
                        .build());
        var says = command.getCommand().getClass().getAnnotation(Command.class).description()[0];
        page(command, "gantry-oci " + name + " - in the place of runc " + name + ": " + says);
    }

    private static void page(CommandLine line, String title) {
        line.getCommandSpec()
                .usageMessage()
                .headerHeading("NAME:%n")
                .header("   " + title)
                .synopsisHeading("%nUSAGE:%n   ")
                .parameterListHeading("%nARGUMENTS:%n")
                .optionListHeading("%nOPTIONS:%n")
                .width(160);
    }
}
