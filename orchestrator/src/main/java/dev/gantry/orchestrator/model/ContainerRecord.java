package dev.gantry.orchestrator.model;

import com.fasterxml.jackson.annotation.JsonIgnore;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.storage.StorageResult.Image;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * All that is kept of a container, durable as one JSON file.
 *
 * @param createdNanos since the Unix epoch
 * @param spec what was asked for
 * @param resources the limits in force: those of the spec, as updated since
 * @param image the image it stands on, once storage-svc has said so
 * @param oci what its init was made from, once it was
 * @param network its place on the network, while it has one
 * @param anonymousVolumes volumes made for it alone, removed with it
 */
public record ContainerRecord(
        String id,
        String name,
        long createdNanos,
        ContainerSpec spec,
        LinuxResources resources,
        Optional<Image> image,
        Optional<OciSpec> oci,
        Optional<Attached> network,
        List<String> anonymousVolumes,
        ContainerState state) {

    /** Checks what every record has; absent parts are empty. */
    public ContainerRecord {
        Names.check("container id", id);
        Names.check("container name", name);
        Objects.requireNonNull(spec, "spec");
        Objects.requireNonNull(state, "state");
        resources = resources == null ? spec.resources() : resources;
        image = Absent.orEmpty(image);
        oci = Absent.orEmpty(oci);
        network = Absent.orEmpty(network);
        anonymousVolumes = Absent.orEmpty(anonymousVolumes);
    }

    /** A container whose parts are about to be made. */
    public static ContainerRecord creating(
            String id, String name, long nowNanos, ContainerSpec spec) {
        return new ContainerRecord(
                id,
                name,
                nowNanos,
                spec,
                spec.resources(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                ContainerState.Creating.anew());
    }

    /** The first twelve digits of the id. */
    @JsonIgnore
    public String shortId() {
        return ContainerIds.shortened(id);
    }

    /** This record in another state. */
    public ContainerRecord with(ContainerState next) {
        return new ContainerRecord(
                id,
                name,
                createdNanos,
                spec,
                resources,
                image,
                oci,
                network,
                anonymousVolumes,
                next);
    }

    /** This record under another name. */
    public ContainerRecord named(String next) {
        return new ContainerRecord(
                id,
                next,
                createdNanos,
                spec,
                resources,
                image,
                oci,
                network,
                anonymousVolumes,
                state);
    }

    /** This record with other limits. */
    public ContainerRecord with(LinuxResources next) {
        return new ContainerRecord(
                id, name, createdNanos, spec, next, image, oci, network, anonymousVolumes, state);
    }

    /** This record with its parts as the services made them. */
    public ContainerRecord assembled(Image madeFrom, OciSpec launched, Attached attached) {
        return new ContainerRecord(
                id,
                name,
                createdNanos,
                spec,
                resources,
                Optional.of(madeFrom),
                Optional.of(launched),
                Optional.of(withoutSteps(attached)),
                anonymousVolumes,
                state);
    }

    /** This record with volumes of its own. */
    public ContainerRecord withVolumes(List<String> volumes) {
        return new ContainerRecord(
                id, name, createdNanos, spec, resources, image, oci, network, volumes, state);
    }

    /** This record off the network. */
    public ContainerRecord detached() {
        return new ContainerRecord(
                id,
                name,
                createdNanos,
                spec,
                resources,
                image,
                oci,
                Optional.empty(),
                anonymousVolumes,
                state);
    }

    private static Attached withoutSteps(Attached a) {
        return new Attached(
                a.containerId(),
                a.network(),
                a.netns(),
                a.interfaces(),
                a.ports(),
                a.resolvConf(),
                a.hosts(),
                a.hostnameFile(),
                List.of());
    }
}
