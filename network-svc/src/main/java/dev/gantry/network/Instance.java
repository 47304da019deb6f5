package dev.gantry.network;

import dev.gantry.bus.service.Layout;

import java.nio.file.Path;

/**
 * What tells one Gantry on a host from another: the names that it gives to things outside its own
 * directories.
 *
 * @param table name of both nft tables
 * @param bridges the beginning of every bridge's name; at most 10 characters
 * @param netns directory of the pins
 * @param containers directory of the containers' files
 * @param state directory of the records
 */
record Instance(String table, String bridges, Path netns, Path containers, Path state) {
    /** The instance with that layout. */
    static Instance of(Layout layout) {
        var run = layout.run("network-svc").toAbsolutePath();
        var name = layout.instance();
        return new Instance(
                // nft(8) takes no dash in a name
                name.replace('-', '_'),
                name.replace("gantry-", "gtry"),
                run.resolve("netns"),
                run.resolve("containers"),
                layout.state("network-svc").toAbsolutePath());
    }
}
