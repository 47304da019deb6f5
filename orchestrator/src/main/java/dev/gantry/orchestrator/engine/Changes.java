package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.LinuxResources.BlockIo;
import dev.gantry.bus.contract.oci.LinuxResources.Cpu;
import dev.gantry.bus.contract.oci.LinuxResources.Memory;
import dev.gantry.orchestrator.model.ContainerState.Created;
import dev.gantry.orchestrator.model.ContainerState.Creating;
import dev.gantry.orchestrator.model.ContainerState.Paused;
import dev.gantry.orchestrator.model.ContainerState.Removing;
import dev.gantry.orchestrator.model.ContainerState.Running;
import dev.gantry.orchestrator.model.ContainerState.Stopped;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Container;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/** Changes of a container that goes on: its limits, its name. */
final class Changes {
    private final Parts parts;

    Changes(Parts parts) {
        this.parts = parts;
    }

    /** Changes limits: of a live container at once, of a stopped one for its next start. */
    Done update(ContainerOperation.Update operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        return container.inTurn(
                caller,
                "update",
                () -> {
                    var done =
                            switch (container.record().state()) {
                                case Created c -> inForce(container, operation, caller);
                                case Running r -> inForce(container, operation, caller);
                                case Paused p -> inForce(container, operation, caller);
                                case Stopped s -> Done.nothing();
                                case Creating c ->
                                        throw Refusal.state("update", container.record());
                                case Removing r ->
                                        throw Refusal.state("update", container.record());
                            };
                    var record = container.record();
                    container.save(record.with(merged(record.resources(), operation.resources())));
                    parts.happenings().tell("updated", container.record());
                    return done;
                });
    }

    private Done inForce(Container container, ContainerOperation.Update operation, Caller caller) {
        return Services.await(
                parts.services()
                        .cgroup(
                                new CgroupOperation.Update(container.id(), operation.resources()),
                                caller));
    }

    /** Gives a container another name. Its names on the network stay as they were made. */
    Done rename(ContainerOperation.Rename operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        return container.inTurn(
                caller,
                "rename",
                () -> {
                    var old = container.record().name();
                    parts.containers().rename(container, operation.name());
                    parts.happenings()
                            .tell(
                                    "renamed",
                                    container.record(),
                                    facts -> facts.put("oldName", old));
                    return Done.nothing();
                });
    }

    /** The limits in force once a change has been made to others; what is absent stays. */
    static LinuxResources merged(LinuxResources old, LinuxResources change) {
        var unified = new LinkedHashMap<>(old.unified());
        unified.putAll(change.unified());
        return new LinuxResources(
                merged(old.memory(), change.memory(), Changes::memory),
                merged(old.cpu(), change.cpu(), Changes::cpu),
                change.pids().or(old::pids),
                merged(old.blockIO(), change.blockIO(), Changes::blockIo),
                either(change.devices(), old.devices()),
                unified);
    }

    private static <T> Optional<T> merged(
            Optional<T> old, Optional<T> change, java.util.function.BinaryOperator<T> merge) {
        return old.isPresent() && change.isPresent()
                ? Optional.of(merge.apply(old.get(), change.get()))
                : change.or(() -> old);
    }

    private static Memory memory(Memory old, Memory change) {
        return new Memory(
                change.limit().or(old::limit),
                change.reservation().or(old::reservation),
                change.swap().or(old::swap),
                change.swappiness().or(old::swappiness),
                change.disableOOMKiller().or(old::disableOOMKiller));
    }

    private static Cpu cpu(Cpu old, Cpu change) {
        return new Cpu(
                change.shares().or(old::shares),
                change.quota().or(old::quota),
                change.period().or(old::period),
                change.cpus().or(old::cpus),
                change.mems().or(old::mems),
                change.idle().or(old::idle));
    }

    private static BlockIo blockIo(BlockIo old, BlockIo change) {
        return new BlockIo(
                change.weight().or(old::weight),
                either(change.throttleReadBpsDevice(), old.throttleReadBpsDevice()),
                either(change.throttleWriteBpsDevice(), old.throttleWriteBpsDevice()),
                either(change.throttleReadIOPSDevice(), old.throttleReadIOPSDevice()),
                either(change.throttleWriteIOPSDevice(), old.throttleWriteIOPSDevice()),
                either(change.weightDevice(), old.weightDevice()));
    }

    private static <T> List<T> either(List<T> change, List<T> old) {
        return change.isEmpty() ? old : change;
    }
}
