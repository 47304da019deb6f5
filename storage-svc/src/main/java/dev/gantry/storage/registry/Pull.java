package dev.gantry.storage.registry;

import dev.gantry.bus.contract.storage.Transfer.Phase;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.content.Arrival;
import dev.gantry.storage.content.ContentStore;
import dev.gantry.storage.content.Descriptor;
import dev.gantry.storage.content.ImageDocument;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.Incoming;
import dev.gantry.storage.content.Manifest;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.transfer.Running;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/**
 * Brings one image from its registry. Its documents come first and are verified (security.md row
 * 22); then its layers, several at a time, each unpacked while it comes; and when all are whole,
 * its name.
 */
final class Pull {
    private static final int MAX_INDEX_DEPTH = 4;

    /** How many layers come at a time. */
    private static final int DOWNLOADS = 4;

    private final Images images;
    private final ContentStore content;
    private final LayerLimits limits;
    private final Source source;
    private final RegistryName name;
    private final Optional<String> platform;
    private final Running running;

    Pull(
            Images images,
            LayerLimits limits,
            Source source,
            RegistryName name,
            Optional<String> platform,
            Running running) {
        this.images = images;
        this.content = images.content();
        this.limits = limits;
        this.source = source;
        this.name = name;
        this.platform = platform;
        this.running = running;
    }

    /** What a name stands for: the manifest for a platform, and what the tag names itself. */
    record Target(Repository.Document manifest, String tagged) {
        Descriptor descriptor() {
            return new Descriptor(manifest.mediaType(), manifest.digest(), manifest.bytes().length);
        }
    }

    /** Asks for the manifest of a platform, through the indexes above it. */
    static Target resolve(Source source, RegistryName name, Optional<String> platform)
            throws IOException {
        var wanted = Platform.of(platform);
        var document = source.manifest(name.manifest());
        var tagged = document.digest();
        var seen = new HashSet<String>();
        while (Manifest.isIndex(document.mediaType())) {
            if (seen.size() == MAX_INDEX_DEPTH || !seen.add(document.digest())) {
                throw FaultException.invalid("index %s: nested too deep", document.digest());
            }
            var index = Manifest.document(document.bytes(), "index " + document.digest());
            Manifest.requireType(index, document.mediaType());
            if (index.has("layers") || index.has("config")) {
                throw FaultException.invalid("index %s is a manifest as well", document.digest());
            }
            var chosen =
                    wanted.choose(index)
                            .orElseThrow(
                                    () ->
                                            FaultException.of(
                                                    FaultCode.NOT_FOUND,
                                                    "%s has no image for %s",
                                                    name,
                                                    wanted));
            document = source.manifest(chosen.digest());
            if (document.bytes().length != chosen.size()
                    || !document.mediaType().equals(chosen.mediaType())) {
                throw FaultException.invalid(
                        "manifest %s is not what the index says: %d bytes of %s, not %d of %s",
                        chosen.digest(),
                        document.bytes().length,
                        document.mediaType(),
                        chosen.size(),
                        chosen.mediaType());
            }
        }
        return new Target(document, tagged);
    }

    /** Pulls; it gets a name if one is given. */
    void carryOut(Optional<String> reference) throws IOException {
        var target = resolve(source, name, platform);
        running.digest(target.tagged());
        var manifest = Manifest.parse(target.manifest().bytes(), target.manifest().mediaType());
        check(manifest);
        var image =
                images.whileIngesting(
                        () -> {
                            content.put(
                                    target.descriptor(),
                                    new ByteArrayInputStream(target.manifest().bytes()));
                            return fetch(target.descriptor(), manifest, reference);
                        });
        image.layers().forEach(layer -> layer.notes().forEach(running::note));
        running.image(images.describe(image));
    }

    /** Refuses what could not be used, before anything of it is fetched. */
    private void check(Manifest manifest) {
        if (manifest.config().size() > Manifest.MAX_DOCUMENT) {
            throw FaultException.invalid(
                    "configuration %s has %d bytes",
                    manifest.config().digest(), manifest.config().size());
        }
        for (var layer : manifest.layers()) {
            Compression.ofMediaType(layer.mediaType());
            if (layer.size() > limits.maxBytes()) {
                throw FaultException.of(
                        FaultCode.RESOURCE_EXHAUSTED,
                        "layer %s has %d bytes, more than %d",
                        layer.digest(),
                        layer.size(),
                        limits.maxBytes());
            }
        }
    }

    private StoredImage fetch(Descriptor descriptor, Manifest manifest, Optional<String> reference)
            throws IOException {
        Map<String, Descriptor> layers = new LinkedHashMap<>();
        manifest.layers().forEach(layer -> layers.put(layer.digest(), layer));
        for (var layer : layers.values()) {
            boolean here = content.has(layer);
            running.part(layer.digest(), here ? Phase.PRESENT : Phase.WAITING, layer.size());
        }
        if (!content.has(manifest.config())) {
            incoming().bring(manifest.config());
        }
        var document = ImageDocument.parse(content.read(manifest.config().digest()));
        checkPlatform(document);
        if (document.diffIds().size() != manifest.layers().size()) {
            throw FaultException.invalid(
                    "manifest %s has %d layers, its configuration %d",
                    descriptor.digest(), manifest.layers().size(), document.diffIds().size());
        }
        return fetchLayers(descriptor, List.copyOf(layers.values()), reference);
    }

    private void checkPlatform(ImageDocument document) {
        var wanted = Platform.of(platform);
        boolean same =
                document.os().equals(wanted.os())
                        && document.architecture().equals(wanted.architecture());
        if (platform.isPresent() && !same) {
            throw FaultException.of(
                    FaultCode.NOT_FOUND,
                    "%s is for %s/%s, not for %s",
                    name,
                    document.os(),
                    document.architecture(),
                    wanted);
        } else if (!same) {
            running.note(
                    "%s is for %s/%s, this host is %s"
                            .formatted(name, document.os(), document.architecture(), wanted));
        }
    }

    private StoredImage fetchLayers(
            Descriptor descriptor, List<Descriptor> layers, Optional<String> reference)
            throws IOException {
        var coming = new ArrayList<Descriptor>();
        for (var layer : layers) {
            if (!content.has(layer)) {
                coming.add(layer);
            }
        }
        var image =
                incoming()
                        .during(
                                coming,
                                DOWNLOADS,
                                () ->
                                        images.register(
                                                descriptor,
                                                reference.map(this::localName).stream().toList()));
        coming.forEach(layer -> running.phase(layer.digest(), Phase.COMPLETE));
        return image;
    }

    private Incoming incoming() {
        var givenUp = new AtomicReference<BooleanSupplier>();
        var incoming =
                new Incoming(
                        content,
                        new Incoming.Carrier() {
                            @Override
                            public void carry(Descriptor blob, Arrival arrival) throws IOException {
                                source.carry(arrival, blob, givenUp.get());
                            }

                            @Override
                            public void wait(Descriptor blob, Arrival arrival) {
                                running.check();
                                running.moved(blob.digest(), arrival.received());
                            }

                            @Override
                            public void arrived(Descriptor blob) {
                                running.phase(blob.digest(), Phase.UNPACKING);
                            }
                        });
        givenUp.set(incoming::isGivenUp);
        return incoming;
    }

    /** The name that the image gets here: by tag, or by the digest that was asked for. */
    private String localName(String reference) {
        int at = reference.indexOf('@');
        if (at < 0) {
            return reference;
        }
        var before = reference.substring(0, at);
        int colon = before.lastIndexOf(':');
        return (colon > before.lastIndexOf('/') ? before.substring(0, colon) : before)
                + reference.substring(at);
    }
}
