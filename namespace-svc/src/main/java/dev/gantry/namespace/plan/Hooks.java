package dev.gantry.namespace.plan;

import com.fasterxml.jackson.core.JsonProcessingException;

import dev.gantry.bus.contract.oci.OciHooks.Stage;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The hooks of a container, and the state that they are told (runtime.md, "State"). */
final class Hooks {
    /** Seconds that a hook has which does not say how long it may take. */
    private static final int PATIENCE = 600;

    private static final int MAX_STRING = 1 << 16;

    private Hooks() {}

    /**
     * What is known of the state already; status and pid are put between the two parts when it is
     * told.
     */
    static PlanOp.State state(String id, OciSpec.Bundle bundle) {
        if (bundle.path().isEmpty()) {
            throw FaultException.invalid(
                    "hooks, linux.seccomp.listenerPath: the state that is told names no bundle");
        }
        String head =
                "{\"ociVersion\":%s,\"id\":%s,"
                        .formatted(
                                json(bundle.ociVersion()), json(bundle.containerId().orElse(id)));
        String tail =
                ",\"bundle\":%s,\"annotations\":%s}"
                        .formatted(json(bundle.path()), json(bundle.annotations()));
        if (tail.length() * 3L > MAX_STRING) {
            throw FaultException.invalid(
                    "annotations of %d characters do not fit into the state that hooks are told",
                    tail.length());
        }
        return new PlanOp.State(head, tail, Paths.check("bundle", bundle.path()));
    }

    /** Where the filter's descriptor goes, and what goes with it (config-linux.md, "Seccomp"). */
    static Optional<PlanOp.Listener> listener(OciSpec spec) {
        return spec.listener()
                .map(
                        l ->
                                new PlanOp.Listener(
                                        l.path(),
                                        "{\"ociVersion\":%s,\"fds\":[\"seccompFd\"],\"metadata\":%s,\"pid\":"
                                                .formatted(
                                                        json(spec.bundle().ociVersion()),
                                                        json(l.metadata()))));
    }

    private static String json(Object value) {
        try {
            return Json.mapper().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts and maps of texts have a JSON form", e);
        }
    }

    /** The operations of some stages, in their order. */
    static List<PlanOp> of(OciSpec spec, Stage... stages) {
        return Arrays.stream(stages)
                .flatMap(
                        stage ->
                                spec.hooks().of(stage).stream()
                                        .map(
                                                hook ->
                                                        (PlanOp)
                                                                new PlanOp.Hook(
                                                                        stage,
                                                                        hook.path(),
                                                                        hook.timeout()
                                                                                .orElse(PATIENCE),
                                                                        hook.args(),
                                                                        hook.env())))
                .toList();
    }
}
