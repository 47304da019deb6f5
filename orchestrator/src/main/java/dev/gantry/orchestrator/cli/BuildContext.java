package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What a build is given: a directory, an archive of one, or nothing but a Dockerfile. Closing it
 * takes away what was unpacked.
 *
 * @param file the Dockerfile's name, for errors
 */
record BuildContext(
        String dockerfile,
        String file,
        Optional<String> directory,
        List<String> ignored,
        Runnable cleanUp)
        implements AutoCloseable {
    private static final int LONGEST = 1 << 20;
    private static final int LONGEST_LINE = 1 << 16;
    private static final int HEAD = 512;

    static BuildContext open(GantryCommand gantry, String path, Optional<String> file) {
        try {
            if (!path.equals("-")) {
                return directory(path, file);
            }
            if (file.filter("-"::equals).isPresent()) {
                throw FaultException.invalid("-f - and the context - both read standard input");
            }
            var in = Invocation.current().in();
            var head = in.readNBytes(HEAD);
            return isArchive(head) ? archive(gantry, head, in, file) : alone(head, in, file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static BuildContext directory(String path, Optional<String> file) throws IOException {
        var directory = Invocation.current().path(path).normalize();
        if (!Files.isDirectory(directory)) {
            throw FaultException.invalid(
                    "the context %s is not a directory%s",
                    Names.quote(path),
                    path.contains("://") ? ": contexts are not fetched from elsewhere" : "");
        }
        var dockerfile = file.map(Invocation.current()::path).orElseGet(() -> found(directory));
        var text =
                file.filter("-"::equals).isPresent()
                        ? text("standard input", Invocation.current().in())
                        : text(dockerfile);
        return new BuildContext(
                text,
                file.filter("-"::equals).isPresent() ? "Dockerfile" : shown(dockerfile),
                Optional.of(directory.toString()),
                ignored(directory, dockerfile),
                () -> {});
    }

    private static Path found(Path directory) {
        var dockerfile = directory.resolve("Dockerfile");
        var containerfile = directory.resolve("Containerfile");
        return !Files.exists(dockerfile) && Files.exists(containerfile)
                ? containerfile
                : dockerfile;
    }

    private static String shown(Path dockerfile) {
        return dockerfile.getFileName().toString();
    }

    /** An archive's Dockerfile is a stranger's: it must lie in it, links followed. */
    private static BuildContext archive(
            GantryCommand gantry, byte[] head, InputStream in, Optional<String> file)
            throws IOException {
        var temporary = Files.createTempFile("gantry-context-", ".tar");
        var name = "context-" + UUID.randomUUID();
        Runnable cleanUp =
                () -> gantry.engine().storage(build(new BuildStep.Forget(List.of(name))));
        try {
            try (var out = Files.newOutputStream(temporary)) {
                out.write(head);
                in.transferTo(out);
            }
            var opened =
                    gantry.engine()
                            .storage(build(new BuildStep.Open(name, temporary.toString())))
                            .path();
            var root = Path.of(opened);
            var dockerfile = file.map(root::resolve).orElseGet(() -> found(root));
            if (!Files.exists(dockerfile)
                    || !dockerfile.toRealPath().startsWith(root.toRealPath())) {
                throw FaultException.invalid("no %s in the archive", file.orElse("Dockerfile"));
            }
            return new BuildContext(
                    text(dockerfile),
                    shown(dockerfile),
                    Optional.of(opened),
                    ignored(root, dockerfile),
                    cleanUp);
        } catch (IOException | RuntimeException e) {
            cleanUp.run();
            throw e;
        } finally {
            Files.delete(temporary);
        }
    }

    private static <R> StorageOperation.Build<R> build(BuildStep<R> step) {
        return new StorageOperation.Build<>(step);
    }

    private static BuildContext alone(byte[] head, InputStream in, Optional<String> file) {
        if (file.isPresent()) {
            throw FaultException.invalid(
                    "-f %s: standard input is a Dockerfile, not an archive", file.get());
        }
        var whole = new java.io.SequenceInputStream(new java.io.ByteArrayInputStream(head), in);
        return new BuildContext(
                text("standard input", whole), "Dockerfile", Optional.empty(), List.of(), () -> {});
    }

    private static boolean isArchive(byte[] head) {
        return head.length > 262
                        && new String(head, 257, 5, StandardCharsets.ISO_8859_1).equals("ustar")
                || begins(head, 0x1f, 0x8b)
                || begins(head, 0x28, 0xb5, 0x2f, 0xfd);
    }

    private static boolean begins(byte[] head, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (i >= head.length || (head[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    private static String text(Path dockerfile) {
        if (!Files.isRegularFile(dockerfile)) {
            throw FaultException.invalid(
                    "no Dockerfile: %s is not a file", Names.quote(dockerfile.toString()));
        }
        try (var in = Files.newInputStream(dockerfile)) {
            return text(dockerfile.toString(), in);
        } catch (IOException e) {
            throw FaultException.invalid("%s cannot be read: %s", dockerfile, e);
        }
    }

    /** At most a mebibyte; an error says in which line the rest begins. */
    private static String text(String name, InputStream in) {
        try {
            var bytes = in.readNBytes(LONGEST + 1);
            if (bytes.length > LONGEST) {
                long line = 1;
                for (byte b : Arrays.copyOf(bytes, LONGEST)) {
                    line += b == '\n' ? 1 : 0;
                }
                throw FaultException.invalid(
                        "%s:%d: the Dockerfile goes on after %d bytes", name, line, LONGEST);
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw FaultException.invalid("%s cannot be read: %s", name, e);
        }
    }

    /** Patterns of FILE.dockerignore beside the Dockerfile, else of the context's .dockerignore. */
    private static List<String> ignored(Path directory, Path dockerfile) throws IOException {
        var own = dockerfile.resolveSibling(dockerfile.getFileName() + ".dockerignore");
        var file = Files.isRegularFile(own) ? own : directory.resolve(".dockerignore");
        if (!Files.isRegularFile(file)) {
            return List.of();
        }
        if (!file.equals(own) && !file.toRealPath().startsWith(directory.toRealPath())) {
            throw FaultException.invalid("%s leads out of the context", file);
        }
        var patterns = new ArrayList<String>();
        for (var line : OptionSyntax.text(".dockerignore", file).split("\r?\n")) {
            var pattern = line.strip();
            if (pattern.length() > LONGEST_LINE) {
                throw FaultException.invalid(
                        "%s has a line of %d characters", file, pattern.length());
            }
            if (!pattern.isEmpty() && !line.startsWith("#")) {
                patterns.add(pattern);
            }
        }
        return patterns;
    }

    @Override
    public void close() {
        cleanUp.run();
    }
}
