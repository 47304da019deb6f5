package dev.gantry.storage.content;

import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.TreePacker;
import dev.gantry.storage.content.ImageMaker.Recipe;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileInput;
import dev.gantry.storage.kernel.Raw;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes images of what lies on the host: a tree, an archive, an OCI image layout. */
public final class Importer {
    private final StorageKernel kernel;
    private final Images images;
    private final ImageMaker maker;

    /** Into these images. */
    public Importer(StorageKernel kernel, Images images) {
        this.kernel = kernel;
        this.images = images;
        this.maker = new ImageMaker(images);
    }

    /** Imports what the path turns out to be. */
    public StorageResult.Images from(
            Path path, Optional<String> reference, Optional<ImageConfig> config, String comment) {
        try {
            var real = path.toRealPath();
            if (!Files.isDirectory(real)) {
                return archive(real, recipe(path, reference, config, comment));
            }
            if (!Files.isRegularFile(real.resolve("oci-layout"))) {
                return tree(real, recipe(path, reference, config, comment));
            }
            if (config.isPresent()) {
                throw FaultException.invalid("%s is an image layout: it has its own config", path);
            }
            return LayoutImport.from(kernel, images, real, reference);
        } catch (NoSuchFileException e) {
            throw new FaultException(Fault.of(FaultCode.NOT_FOUND, "no such file: " + path), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Recipe recipe(
            Path path, Optional<String> reference, Optional<ImageConfig> config, String comment) {
        return Recipe.fresh(
                        config.orElse(ImageConfig.EMPTY),
                        Instant.now(),
                        "import " + path,
                        reference)
                .saying(comment);
    }

    private StorageResult.Images tree(Path path, Recipe recipe) {
        var notes = new ArrayList<String>();
        try (var root = Directory.open(kernel, path)) {
            var made =
                    maker.makePacked(
                            recipe, out -> notes.addAll(TreePacker.pack(root, out, false)));
            notes.addAll(made.notes());
            return new StorageResult.Images(List.of(made.image()), notes);
        }
    }

    private StorageResult.Images archive(Path path, Recipe recipe) throws IOException {
        try (var parent = Directory.open(kernel, path.getParent());
                var file = parent.file(Raw.of(path.getFileName().toString()))) {
            var head = file.readNBytes(8);
            var compression = Compression.ofMagic(head);
            var made =
                    maker.make(
                            recipe,
                            compression.mediaType(),
                            out -> {
                                out.write(head);
                                copy(file, out);
                            });
            return new StorageResult.Images(List.of(made.image()), made.notes());
        }
    }

    private static void copy(FileInput file, OutputStream out) throws IOException {
        var buffer = new byte[256 * 1024];
        for (int n = file.read(buffer); n >= 0; n = file.read(buffer)) {
            out.write(buffer, 0, n);
        }
    }
}
