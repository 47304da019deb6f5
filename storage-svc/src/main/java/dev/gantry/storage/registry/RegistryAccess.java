package dev.gantry.storage.registry;

import dev.gantry.bus.contract.storage.RegistryLogin;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.contract.storage.TransferOperation.Resolved;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.transfer.Running;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What the store does with registries. Nothing of it is loaded before it is first asked for. */
public final class RegistryAccess {
    private final Images images;
    private final LayerLimits limits;
    private final List<Path> configuration;

    /**
     * @param configuration files of {@link Registries}, the first that is there counts; read anew
     *     for each transfer
     */
    public RegistryAccess(Images images, LayerLimits limits, List<Path> configuration) {
        this.images = images;
        this.limits = limits;
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
                    .carryOut(pull.reference());
        }
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
