package dev.gantry.storage.registry;

import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.contract.storage.RegistryLogin;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.contract.storage.TransferOperation.Resolved;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.content.Events;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.transfer.Running;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** What the store does with registries. Nothing of it is loaded before it is first asked for. */
public final class RegistryAccess {
    /** A token is asked for with each of them as a scope. */
    private static final int MOST_MOUNTED_FROM = 4;

    private final Images images;
    private final LayerLimits limits;
    private final Events events;
    private final List<Path> configuration;

    /**
     * @param configuration files of {@link Registries}, the first that is there counts; read anew
     *     for each transfer
     */
    public RegistryAccess(
            Images images, LayerLimits limits, Events events, List<Path> configuration) {
        this.images = images;
        this.limits = limits;
        this.events = events;
        this.configuration = List.copyOf(configuration);
    }

    /** Does a pull. */
    public void pull(TransferOperation.Pull pull, Running running) throws IOException {
        var name = RegistryName.parse(pull.reference());
        checkLogin(pull.login(), name);
        var registries = Registries.read(configuration);
        try (var http = new Http(registries, Patience.configured(), running)) {
            var source = new Source(http, registries, name, pull.login());
            new Pull(images, limits, source, name, pull.platform(), running)
                    .carryOut(pull.nameless() ? Optional.empty() : Optional.of(pull.reference()));
        }
    }

    /** Does a push. */
    public void push(TransferOperation.Push push, Running running) throws IOException {
        var name = RegistryName.parse(push.destination().orElse(push.image()));
        checkLogin(push.login(), name);
        var registries = Registries.read(configuration);
        var image = images.with(push.image(), found -> found);
        var elsewhere = elsewhere(image, name);
        var endpoint = registries.endpoints(name, true).getLast();
        var scopes = new TreeSet<String>();
        scopes.add("repository:" + name.repository() + ":pull,push");
        elsewhere.values().forEach(from -> scopes.add("repository:" + from + ":pull"));
        try (var http = new Http(registries, Patience.configured(), running)) {
            var repository = new Repository(http, endpoint, push.login(), scopes);
            new Push(images, http, repository, elsewhere, running)
                    .carryOut(image, name.tag().orElseThrow());
        }
        events.publish(
                "image-pushed",
                image.id(),
                Map.of("digest", image.digest(), "reference", name.toString()));
    }

    /** Which of an image's layers images of other repositories of the same registry have. */
    private Map<String, String> elsewhere(StoredImage image, RegistryName name) {
        var elsewhere = new HashMap<String, String>();
        var repositories = new TreeSet<String>();
        for (var other : images.all()) {
            for (var reference : images.describe(other).references()) {
                var of = RegistryName.parse(reference);
                boolean near =
                        of.registry().equals(name.registry())
                                && !of.repository().equals(name.repository());
                // Made here, or named without a host: nobody knows whether docker.io has it.
                if (!near || of.registry().equals(References.DEFAULT_REGISTRY)) {
                    continue;
                }
                for (var layer : other.manifest().layers()) {
                    boolean known = repositories.contains(of.repository());
                    if (image.manifest().layers().contains(layer)
                            && (known || repositories.size() < MOST_MOUNTED_FROM)) {
                        repositories.add(of.repository());
                        elsewhere.putIfAbsent(layer.digest(), of.repository());
                    }
                }
            }
        }
        return elsewhere;
    }

    /** Says what a name means in its registry. */
    public Resolved resolve(TransferOperation.Resolve resolve) {
        var name = RegistryName.parse(resolve.reference());
        checkLogin(resolve.login(), name);
        var registries = Registries.read(configuration);
        try (var http = new Http(registries, Patience.configured(), Running.unfollowed())) {
            var source = new Source(http, registries, name, resolve.login());
            var target = Pull.resolve(source, name, resolve.platform());
            return new Resolved(target.manifest().digest(), target.tagged());
        } catch (IOException e) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "%s", e.getMessage());
        }
    }

    /** A login of another registry is a mistake that must not be sent anywhere. */
    private static void checkLogin(Optional<RegistryLogin> login, RegistryName name) {
        if (login.isPresent() && !login.get().registry().equals(name.registry())) {
            throw FaultException.invalid(
                    "a login to %s was given for %s", login.get().registry(), name);
        }
    }
}
