package dev.gantry.network;

import dev.gantry.bus.service.Layout;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32;

/**
 * What tells one Gantry on a host from another: the names that it gives to things outside its own
 * directories.
 *
 * @param name of both nft tables, and the beginning of every bridge's name; at most 10 characters
 * @param netns directory of the pins
 * @param containers directory of the containers' files
 * @param state directory of the records
 */
record Instance(String name, Path netns, Path containers, Path state) {
    /** {@code gantry} for the default layout; another layout gets a name of its own. */
    static Instance of(Layout layout) {
        var given = System.getProperty("gantry.network.instance", "");
        var run = layout.run("network-svc").toAbsolutePath();
        var name = given;
        if (given.isEmpty() && layout.equals(Layout.DEFAULT)) {
            name = "gantry";
        } else if (given.isEmpty()) {
            var crc = new CRC32();
            crc.update(run.toString().getBytes(StandardCharsets.UTF_8));
            name = String.format("gtry%05x", crc.getValue() & 0xfffff);
        }
        return new Instance(
                name,
                run.resolve("netns"),
                run.resolve("containers"),
                layout.state("network-svc").toAbsolutePath());
    }
}
