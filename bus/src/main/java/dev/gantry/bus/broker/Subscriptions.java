package dev.gantry.bus.broker;

import dev.gantry.bus.Topics;
import dev.gantry.bus.broker.Counters.Of;
import dev.gantry.bus.wire.Frame;
import dev.gantry.bus.wire.FrameWriter;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Events to those who have asked for them: each connection gets each event once, in order. */
final class Subscriptions {
    private final Set<ConnectedPeer> subscribers = new LinkedHashSet<>();
    private final Counters counters;

    Subscriptions(Counters counters) {
        this.counters = counters;
    }

    void add(ConnectedPeer peer, String pattern) {
        peer.subscribes.add(pattern);
        subscribers.add(peer);
    }

    void remove(ConnectedPeer peer, String pattern) {
        peer.subscribes.remove(pattern);
        if (peer.subscribes.isEmpty()) {
            subscribers.remove(peer);
        }
    }

    void gone(ConnectedPeer peer) {
        subscribers.remove(peer);
    }

    void publish(String topic, Map<String, String> headers, byte[] body) {
        counters.count(Of.EVENTS);
        var event = FrameWriter.write(new Frame(Frame.MESSAGE, topic, "", headers, body));
        // A copy: a subscriber that is cut off leaves the set.
        for (var subscriber : List.copyOf(subscribers)) {
            if (subscriber.subscribes.stream()
                    .anyMatch(pattern -> Topics.matches(pattern, topic))) {
                counters.count(Of.EVENT_DELIVERIES);
                subscriber.send(event);
            }
        }
    }
}
