package dev.gantry.bus.broker;

import dev.gantry.bus.broker.Counters.Of;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.Quote;
import dev.gantry.bus.wire.Frame;
import dev.gantry.bus.wire.Headers;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Requests to the owners of addresses, and answers back. A request is answered once: by its owner,
 * or by the broker when its deadline comes, its owner dies, or nobody owns the address for longer
 * than the grace.
 */
final class Router {
    private static final String TOKEN = "answer.";

    /** Told when an address has another owner, or none. */
    @FunctionalInterface
    interface OwnershipListener {
        void changed(String address, Optional<ConnectedPeer> owner);
    }

    private final Timers timers;
    private final Limits limits;
    private final Counters counters;
    private final OwnershipListener listener;
    private final Map<String, OwnedAddress> addresses = new TreeMap<>();
    private final Map<String, RoutedRequest> requests = new HashMap<>();
    private long tokens;

    Router(Timers timers, Limits limits, Counters counters, OwnershipListener listener) {
        this.timers = timers;
        this.limits = limits;
        this.counters = counters;
        this.listener = listener;
    }

    Map<String, OwnedAddress> addresses() {
        return addresses;
    }

    int atWork(String address) {
        return (int)
                requests.values().stream()
                        .filter(request -> request.frame.address().equals(address))
                        .filter(request -> request.owner.isPresent())
                        .count();
    }

    /** A send: an answer if its address is a token, else a request. */
    void send(ConnectedPeer from, Frame frame) {
        if (frame.address().startsWith(TOKEN)) {
            answer(from, frame);
        } else if (!from.rights.mayCall(frame.address())) {
            counters.count(Of.DENIED);
            from.refuse(
                    frame.replyAddress(),
                    FaultCode.PERMISSION_DENIED,
                    "%s may not call %s"
                            .formatted(from.peer.identity(), Quote.of(frame.address())));
        } else if (from.account.pending >= limits.userPending()) {
            from.refuse(
                    frame.replyAddress(),
                    FaultCode.RESOURCE_EXHAUSTED,
                    "uid %d waits for %d answers already"
                            .formatted(from.peer.uid(), from.account.pending));
        } else {
            request(from, frame);
        }
    }

    private void request(ConnectedPeer from, Frame frame) {
        var patience = Stamp.patience(frame);
        if (patience.isNegative() || patience.isZero()) {
            counters.count(Of.EXPIRED);
            from.refuse(
                    frame.replyAddress(), FaultCode.UNAVAILABLE, "the deadline is over already");
            return;
        }
        counters.count(Of.REQUESTS);
        var token = TOKEN + ++tokens;
        var stamped =
                new Frame(
                        Frame.MESSAGE,
                        frame.address(),
                        token,
                        Stamp.request(frame, from.peer, patience),
                        frame.body());
        var repeatable = frame.header(Headers.REPEATABLE).filter("true"::equals).isPresent();
        var request = new RoutedRequest(token, from, stamped, frame.replyAddress(), repeatable);
        requests.put(token, request);
        from.account.pending++;
        request.deadlineTimer =
                timers.after(
                        patience,
                        () -> {
                            counters.count(Of.EXPIRED);
                            fail(
                                    request,
                                    FaultCode.UNAVAILABLE,
                                    "no answer within " + patience.toMillis() + " ms");
                        });
        dispatch(request);
    }

    private void dispatch(RoutedRequest request) {
        var address = address(request.frame.address());
        if (address.owner.isPresent()) {
            deliver(request, address.owner.get());
        } else if (address.waiting.size() >= limits.waiting()
                || request.caller.account.heldBytes + request.frame.body().length
                        > limits.heldBytes()) {
            fail(
                    request,
                    FaultCode.RESOURCE_EXHAUSTED,
                    "nobody owns %s, and too much waits for an owner"
                            .formatted(request.frame.address()));
        } else {
            address.waiting.add(request);
            request.caller.account.heldBytes += request.frame.body().length;
            request.graceTimer =
                    timers.after(
                            limits.grace(),
                            () ->
                                    fail(
                                            request,
                                            FaultCode.UNAVAILABLE,
                                            "nobody has owned %s for %d ms"
                                                    .formatted(
                                                            request.frame.address(),
                                                            limits.grace().toMillis())));
        }
    }

    private void deliver(RoutedRequest request, ConnectedPeer owner) {
        request.owner = Optional.of(owner);
        owner.send(request.frame);
    }

    private void answer(ConnectedPeer from, Frame frame) {
        var request = requests.get(frame.address());
        if (request == null) {
            // Its caller has gone, or has been told that the deadline is over.
            counters.count(Of.LATE_ANSWERS);
        } else if (request.owner.filter(from::equals).isEmpty()) {
            counters.count(Of.DENIED);
            from.refuse(
                    frame.replyAddress(),
                    FaultCode.PERMISSION_DENIED,
                    "this request was not sent to you");
        } else {
            counters.count(Of.ANSWERS);
            end(request);
            var type = frame.isFault() ? Frame.ERR : Frame.MESSAGE;
            var headers = Stamp.sender(frame, from.peer);
            request.caller.send(new Frame(type, request.replyAddress, "", headers, frame.body()));
        }
    }

    /** Makes a peer the owner, if nobody is or it takes over. */
    void register(ConnectedPeer contender, Frame frame) {
        var name = frame.address();
        var address = address(name);
        // Netty tells of a close one turn of the loop late: the dead must not keep the next one
        // out, least of all itself when it connects again.
        address.owner.filter(ConnectedPeer::isLost).ifPresent(this::gone);
        var former = address.owner;
        var takeover = frame.header(Headers.TAKEOVER).filter("true"::equals).isPresent();
        if (former.isPresent() && former.get() != contender && !takeover) {
            contender.refuse(
                    frame.replyAddress().isEmpty() ? name : frame.replyAddress(),
                    FaultCode.ALREADY_EXISTS,
                    "%s is owned by %s, pid %d; a register with the header takeover displaces it"
                            .formatted(
                                    name, former.get().peer.identity(), former.get().peer.pid()));
            return;
        }
        contender.acknowledge(frame.replyAddress());
        if (former.isPresent() && former.get() == contender) {
            return;
        }
        former.ifPresent(
                displaced -> {
                    counters.count(Of.TAKEOVERS);
                    displaced.owns.remove(name);
                    displaced.drain(name);
                });
        contender.owns.add(name);
        setOwner(name, address, Optional.of(contender));
        for (var request = address.waiting.poll();
                request != null;
                request = address.waiting.poll()) {
            stopWaiting(request);
            deliver(request, contender);
        }
    }

    /** The owner gives an address up; what it has begun it still answers. */
    void unregister(ConnectedPeer owner, String name) {
        if (owner.owns.remove(name)) {
            setOwner(name, address(name), Optional.empty());
        }
    }

    /** A connection has gone: its calls end, what it had begun is delivered again or fails. */
    void gone(ConnectedPeer peer) {
        for (var name : List.copyOf(peer.owns)) {
            unregister(peer, name);
        }
        forEach(request -> request.caller == peer, this::end);
        forEach(request -> request.owner.filter(peer::equals).isPresent(), this::orphaned);
    }

    private void orphaned(RoutedRequest request) {
        if (request.repeatable && !request.redelivered) {
            counters.count(Of.REDELIVERED);
            request.redelivered = true;
            request.owner = Optional.empty();
            dispatch(request);
        } else {
            fail(
                    request,
                    FaultCode.UNAVAILABLE,
                    "the owner of %s went away over it: whether it was done is not known"
                            .formatted(request.frame.address()));
        }
    }

    private void forEach(Predicate<RoutedRequest> which, Consumer<RoutedRequest> what) {
        var chosen = new ArrayList<RoutedRequest>();
        for (var request : requests.values()) {
            if (which.test(request)) {
                chosen.add(request);
            }
        }
        chosen.forEach(what);
    }

    private void fail(RoutedRequest request, FaultCode code, String message) {
        end(request);
        request.caller.refuse(request.replyAddress, code, message);
    }

    private void end(RoutedRequest request) {
        if (requests.remove(request.token) != null) {
            request.caller.account.pending--;
            timers.cancel(request.deadlineTimer);
            if (address(request.frame.address()).waiting.remove(request)) {
                stopWaiting(request);
            }
        }
    }

    private void stopWaiting(RoutedRequest request) {
        request.caller.account.heldBytes -= request.frame.body().length;
        timers.cancel(request.graceTimer);
    }

    private void setOwner(String name, OwnedAddress address, Optional<ConnectedPeer> owner) {
        address.setOwner(owner);
        listener.changed(name, owner);
    }

    // Only addresses that the policy names come here, so the map stays small.
    private OwnedAddress address(String name) {
        return addresses.computeIfAbsent(name, key -> new OwnedAddress());
    }
}
