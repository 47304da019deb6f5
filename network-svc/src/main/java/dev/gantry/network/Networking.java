package dev.gantry.network;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkResult;

/**
 * What {@code network.v1} promises. A container is <em>attached</em>: it has a pinned network
 * namespace (or the host's, or another container's), at most one interface on one bridge network,
 * and three files (resolv.conf, hosts, hostname). Everything is idempotent by container id; a
 * container keeps its address until it is detached, whatever dies in between.
 */
interface Networking {
    /** ADD of CNI. Fails with ALREADY_EXISTS if the container is on another network. */
    NetworkResult.Attached attach(NetworkOperation.Attach request);

    /** DEL of CNI. */
    Done detach(NetworkOperation.Detach request);

    /** Fails with ALREADY_EXISTS if the port is another's, naming it. */
    NetworkResult.Attached publish(NetworkOperation.Publish request);

    /** A port that is not published is no error. */
    NetworkResult.Attached unpublish(NetworkOperation.Unpublish request);

    /** Fails with ALREADY_EXISTS for one of that name and another shape. */
    NetworkResult.Network create(NetworkOperation.Create request);

    /** All networks, none and host included. */
    NetworkResult.Networks networks();

    /** Fails with NOT_FOUND. */
    NetworkResult.Network inspect(NetworkOperation.Inspect request);

    /** Fails with FAILED_PRECONDITION while a container is on it. */
    Done remove(NetworkOperation.Remove request);

    /** Fails with NOT_FOUND if nobody of that name is on the network. */
    NetworkResult.Addresses resolve(NetworkOperation.Resolve request);

    /** Every attachment. */
    NetworkResult.AttachmentList attachments();
}
