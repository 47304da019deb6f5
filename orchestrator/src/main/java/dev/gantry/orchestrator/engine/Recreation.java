package dev.gantry.orchestrator.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.Created;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.model.ContainerState;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.store.Container;

import java.util.Optional;

/**
 * Makes a container anew over a newer image. The old one is stopped and set aside under another
 * name until the new one is there and started; whatever fails before, the old one comes back.
 */
final class Recreation {
    private static final int LONGEST_NAME = 100;

    private final Parts parts;
    private final Creation creation;
    private final LifeCycle lifeCycle;

    Recreation(Parts parts, Creation creation, LifeCycle lifeCycle) {
        this.parts = parts;
        this.creation = creation;
        this.lifeCycle = lifeCycle;
    }

    Created recreate(ContainerOperation.Recreate operation, Caller caller) {
        var old = parts.containers().find(operation.container());
        var record = old.record();
        boolean ran = ran(record);
        if (record.spec().autoRemove()) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "cannot recreate container %s: it is removed when it stops; run it again",
                    record.shortId());
        }
        var id = record.id();
        if (ran) {
            lifeCycle.stop(new ContainerOperation.Stop(id, operation.timeoutMillis()), caller);
        }
        rename(id, aside(record), caller);
        var made = Optional.<String>empty();
        try {
            var created = creation.takingOver(spec(record), Volumes.own(record), caller);
            made = Optional.of(created.id());
            var answer =
                    ran
                            ? lifeCycle.start(new ContainerOperation.Start(created.id()), caller)
                            : created;
            lifeCycle.remove(new ContainerOperation.Remove(id, true), caller);
            return answer;
        } catch (FaultException e) {
            comeBack(old, record.name(), made, ran, e, caller);
            throw e;
        }
    }

    private static boolean ran(ContainerRecord record) {
        return switch (record.state()) {
            case ContainerState.Running r -> true;
            case ContainerState.Paused p -> true;
            case ContainerState.Stopped s -> false;
            case ContainerState.Created c ->
                    throw Refusal.state("recreate", record, "remove it and create it again");
            case ContainerState.Creating c -> throw Refusal.state("recreate", record);
            case ContainerState.Removing r -> throw Refusal.state("recreate", record);
        };
    }

    private static String aside(ContainerRecord record) {
        var name = record.name();
        return name.substring(0, Math.min(name.length(), LONGEST_NAME))
                + ".before-"
                + record.shortId();
    }

    private void rename(String container, String name, Caller caller) {
        new Changes(parts).rename(new ContainerOperation.Rename(container, name), caller);
    }

    /** What was asked for, with the limits that are in force; nobody waits to attach. */
    private static ContainerSpec spec(ContainerRecord record) {
        ObjectNode json = Json.mapper().valueToTree(record.spec());
        json.put("name", record.name());
        json.put("waitAttach", false);
        json.set("resources", Json.mapper().valueToTree(record.resources()));
        try {
            return Json.mapper().treeToValue(json, ContainerSpec.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record's spec does not read back", e);
        }
    }

    private void comeBack(
            Container old,
            String name,
            Optional<String> made,
            boolean ran,
            FaultException failure,
            Caller caller) {
        try {
            made.ifPresent(id -> lifeCycle.remove(new ContainerOperation.Remove(id, true), caller));
            rename(old.id(), name, caller);
            if (ran) {
                lifeCycle.start(new ContainerOperation.Start(old.id()), caller);
            }
        } catch (FaultException second) {
            failure.addSuppressed(second);
        }
    }
}
