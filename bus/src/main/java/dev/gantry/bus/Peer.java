package dev.gantry.bus;

/**
 * Who sent a message, as the broker learnt it from SO_PEERCRED (unix(7)); stamped by the broker,
 * never by the sender.
 *
 * @param identity the name that the policy gives to this user, for example {@code orchestrator}
 */
public record Peer(String identity, long uid, long gid, long pid) {
    /** The peer of messages that never left this process (embedded mode). */
    public static Peer embedded() {
        return new Peer("embedded", 0, 0, ProcessHandle.current().pid());
    }
}
