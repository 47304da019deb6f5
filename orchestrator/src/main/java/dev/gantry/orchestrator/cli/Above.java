package dev.gantry.orchestrator.cli;

/** What a command is named below: {@code gantry} itself, or a group of its commands. */
interface Above {
    /** The command {@code gantry}. */
    GantryCommand gantry();
}
