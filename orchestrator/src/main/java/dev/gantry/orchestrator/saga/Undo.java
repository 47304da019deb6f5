package dev.gantry.orchestrator.saga;

/**
 * What takes a step of the making back. A value, so that one that failed can be kept on disk and
 * tried again; all are idempotent.
 *
 * @param part which part of a container was made
 * @param subject the container's id, or the volume's name
 */
public record Undo(Part part, String subject) {
    /** The parts of a container, each with a service that makes and unmakes it. */
    public enum Part {
        STORAGE,
        VOLUME,
        NETWORK,
        CGROUP,
        NAMESPACE,
        LOGS
    }

    /** In words, for messages. */
    public String words() {
        return switch (part) {
            case STORAGE -> "remove the writable layer of " + subject;
            case VOLUME -> "remove volume " + subject;
            case NETWORK -> "detach " + subject + " from its network";
            case CGROUP -> "delete the cgroups of " + subject;
            case NAMESPACE -> "delete the processes of " + subject;
            case LOGS -> "remove the logs of " + subject;
        };
    }
}
