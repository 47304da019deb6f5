package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.container.BuildSpec;
import dev.gantry.bus.contract.storage.BuildResult;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.Fault;
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

    /**
     * An image that stands behind FROM or {@code --from}; host-shell is made if it is missing.
     *
     * @param wanted what it must be for
     */
    BuildResult.Described base(String reference, Platform wanted, BuildSpec spec) {
        var exact = reference + " " + wanted;
        var subject = wanted.isHost() ? reference : exact;
        var pulled = spec.pulled().getOrDefault(exact, spec.pulled().get(subject));
        if (pulled != null) {
            return step(new BuildStep.Describe(pulled));
        }
        boolean hostShell =
                reference.equals(HOST_SHELL) || reference.equals(HOST_SHELL + ":latest");
        if (spec.pull() && !hostShell) {
            throw missing(subject, "image " + reference + " is to be pulled first");
        }
        var there = hostShell ? hostShell(reference) : find(reference, subject);
        if (!wanted.fits(there.document())) {
            var message =
                    "image %s is for %s/%s, not for %s"
                            .formatted(
                                    reference,
                                    there.document().path("os").asText(),
                                    there.document().path("architecture").asText(),
                                    wanted);
            throw hostShell || reference.startsWith("sha256:")
                    ? FaultException.of(FaultCode.FAILED_PRECONDITION, "%s", message)
                    : missing(exact, message);
        }
        return there;
    }

    private BuildResult.Described find(String reference, String subject) {
        try {
            return step(new BuildStep.Describe(reference));
        } catch (FaultException e) {
            throw e.fault().code() == FaultCode.NOT_FOUND
                    ? missing(subject, e.fault().message())
                    : e;
        }
    }

    private BuildResult.Described hostShell(String reference) {
        try {
            return step(new BuildStep.Describe(reference));
        } catch (FaultException e) {
            if (e.fault().code() != FaultCode.NOT_FOUND) {
                throw e;
            }
            ask(new StorageOperation.HostShell(false));
            return step(new BuildStep.Describe(reference));
        }
    }

    private static FaultException missing(String reference, String message) {
        return new FaultException(
                new Fault(
                        FaultCode.NOT_FOUND,
                        BuildSpec.MISSING_IMAGE,
                        reference,
                        message,
                        Optional.empty()));
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
