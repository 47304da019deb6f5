package dev.gantry.storage;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.archive.TreePacker;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;

/**
 * Writes a container's root as a tar. It is read through descriptors, layer by layer, as it is
 * described and not where it is mounted: nothing that the container does meanwhile leads out of it
 * (security.md row 19).
 */
final class Export {
    private static final int BUFFER = 256 * 1024;

    private final StorageKernel kernel;

    Export(StorageKernel kernel) {
        this.kernel = kernel;
    }

    /** Writes into a stream unix socket that somebody listens on. */
    Done into(String socket, Rootfs rootfs) {
        try (var stack = stack(rootfs);
                var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            try (var out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER)) {
                TreePacker.pack(stack, "/", out);
            }
            return Done.nothing();
        } catch (IOException e) {
            throw new FaultException(
                    Fault.of(
                            FaultCode.UNAVAILABLE, "export into " + socket + ": " + e.getMessage()),
                    e);
        }
    }

    private LayerStack stack(Rootfs rootfs) {
        var roots = new ArrayList<Directory>();
        roots.add(Directory.open(kernel, Path.of(rootfs.upperdir())));
        rootfs.lowerdirs().forEach(lower -> roots.add(Directory.open(kernel, Path.of(lower))));
        return new LayerStack(roots);
    }
}
