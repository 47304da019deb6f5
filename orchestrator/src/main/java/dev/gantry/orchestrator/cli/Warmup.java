package dev.gantry.orchestrator.cli;

import dev.gantry.bus.OperationCodec;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * Makes ready what nearly every command asks the services with, beside the parsing of its
 * arguments: both are cold code of about the same length, and most machines have a second
 * processor. Nothing depends on it.
 */
final class Warmup {
    private static final byte[] CREATED =
            "{\"id\":\"x\",\"name\":\"x\"}".getBytes(StandardCharsets.UTF_8);
    private static final byte[] EXIT = "{\"stopped\":true}".getBytes(StandardCharsets.UTF_8);

    private Warmup() {}

    static void begin() {
        Thread.ofPlatform().daemon().name("warm-up").start(Warmup::run);
    }

    static void run() {
        try {
            SocketChannel.open(StandardProtocolFamily.UNIX).close();
        } catch (IOException said) {
            return; // The command will fail at the same, and say so.
        }
        Json.mapper().writerFor(ContainerOperation.Create.class);
        OperationCodec.encode(ContainerOperation.CONTRACT, new ContainerOperation.Wait("x", 1));
        OperationCodec.decodeResult(ContainerResult.Created.class, CREATED);
        OperationCodec.decodeResult(ContainerResult.Exit.class, EXIT);
    }
}
