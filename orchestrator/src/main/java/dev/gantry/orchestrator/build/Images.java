package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.storage.BuildResult;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;

import java.time.Duration;
import java.util.Optional;

/** The images that builds stand on, and the steps that storage-svc does for them. */
final class Images {
    private static final String HOST_SHELL = "host-shell";
    private static final Duration PATIENCE = Duration.ofHours(1);

    private final Services services;

    Images(Services services) {
        this.services = services;
    }

    /** An image that stands behind FROM or {@code --from}; host-shell is made if it is missing. */
    BuildResult.Described base(String reference) {
        try {
            return step(new BuildStep.Describe(reference));
        } catch (FaultException e) {
            boolean hostShell =
                    reference.equals(HOST_SHELL) || reference.equals(HOST_SHELL + ":latest");
            if (e.fault().code() != FaultCode.NOT_FOUND || !hostShell) {
                throw e;
            }
            ask(new StorageOperation.HostShell(false));
            return step(new BuildStep.Describe(reference));
        }
    }

    /** An image, if it is there. */
    Optional<Image> find(String digest) {
        try {
            return Optional.of(ask(new StorageOperation.Inspect(digest)));
        } catch (FaultException e) {
            if (e.fault().code() == FaultCode.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Does a step. */
    <R> R step(BuildStep<R> step) {
        return ask(new StorageOperation.Build<>(step));
    }

    /** Asks storage-svc for something that may take long. */
    <R> R ask(StorageOperation<R> operation) {
        return Services.await(services.content(operation, Caller.within(PATIENCE)));
    }
}
