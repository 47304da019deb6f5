package dev.gantry.orchestrator.spec;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;

import java.util.Map;

/**
 * Where that lies which storage-svc has and a container mounts.
 *
 * @param volumes host path of each volume by its name
 * @param images each image that is shown, by how the mount names it
 */
public record MountSources(Map<String, String> volumes, Map<String, Rootfs> images) {}
