package dev.gantry.network;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.contract.network.NetworkResult;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.network.nft.Firewall;
import dev.gantry.network.state.AttachmentRecord;
import dev.gantry.network.state.NetworkRecord;
import dev.gantry.network.state.Records;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** {@link Networking} on this host: records and locks here, the kernel's part in what it calls. */
final class LinuxNetworking implements Networking {
    private final Records records;
    private final Bridges bridges;
    private final Attachments attachments;
    private final Ports ports;
    private final Firewall firewall;
    private final NetworkEvents events;
    private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();
    private final ReentrantLock portLock = new ReentrantLock();

    LinuxNetworking(
            Records records,
            Bridges bridges,
            Attachments attachments,
            Ports ports,
            Firewall firewall,
            NetworkEvents events) {
        this.records = records;
        this.bridges = bridges;
        this.attachments = attachments;
        this.ports = ports;
        this.firewall = firewall;
        this.events = events;
    }

    @Override
    public Attached attach(NetworkOperation.Attach request) {
        AttachRules.check(request);
        if (request.planOnly()) {
            var steps = Steps.planned();
            var record = records.attachment(request.containerId());
            return show(record.orElseGet(() -> attachments.plan(request, steps)), steps);
        }
        return locked(
                request.containerId(),
                () -> {
                    var steps = Steps.carriedOut();
                    var existing = records.attachment(request.containerId());
                    if (existing.isPresent()) {
                        AttachRules.checkSame(existing.get(), request);
                        return show(attachments.repair(existing.get(), steps), steps);
                    }
                    // Ports are chosen and recorded under one lock, so that no two containers
                    // choose the same.
                    portLock.lock();
                    AttachmentRecord record;
                    try {
                        var chosen = ports.choose(request.containerId(), request.ports());
                        record = attachments.reserve(request, chosen);
                    } finally {
                        portLock.unlock();
                    }
                    attachments.join(record, steps);
                    events.attached(record);
                    return show(record, steps);
                });
    }

    @Override
    public Done detach(NetworkOperation.Detach request) {
        return locked(
                request.containerId(),
                () -> {
                    var steps = Steps.carriedOut();
                    records.attachment(request.containerId())
                            .ifPresent(
                                    record -> {
                                        attachments.leave(record, steps);
                                        events.detached(record);
                                    });
                    return new Done(steps.list());
                });
    }

    @Override
    public Attached publish(NetworkOperation.Publish request) {
        Ports.check(List.of(request.port()));
        return locked(
                request.containerId(),
                () -> {
                    var record = attached(request.containerId());
                    AttachRules.checkPublishable(
                            record, record.address().map(_ -> bridges.network(record.network())));
                    var steps = Steps.carriedOut();
                    if (record.ports().contains(request.port())) {
                        return show(record, steps);
                    }
                    portLock.lock();
                    AttachmentRecord next;
                    PortMapping port;
                    try {
                        port = ports.choose("", List.of(request.port())).getFirst();
                        var all = new ArrayList<>(record.ports());
                        all.add(port);
                        next = record.withPorts(all);
                        records.put(next);
                    } finally {
                        portLock.unlock();
                    }
                    steps.run(
                            "nft",
                            "publish " + Ports.show(port),
                            firewall.shell("add", next, port),
                            () -> firewall.publish(next, port));
                    events.published(next, port);
                    return show(next, steps);
                });
    }

    @Override
    public Attached unpublish(NetworkOperation.Unpublish request) {
        return locked(
                request.containerId(),
                () -> {
                    var record = attached(request.containerId());
                    var steps = Steps.carriedOut();
                    if (!record.ports().contains(request.port())) {
                        return show(record, steps);
                    }
                    var rest = new ArrayList<>(record.ports());
                    rest.remove(request.port());
                    var next = record.withPorts(rest);
                    records.put(next);
                    steps.run(
                            "nft",
                            "take back " + Ports.show(request.port()),
                            firewall.shell("delete", next, request.port()),
                            () -> firewall.unpublish(next, request.port()));
                    events.unpublished(next, request.port());
                    return show(next, steps);
                });
    }

    @Override
    public NetworkResult.Network create(NetworkOperation.Create request) {
        AttachRules.checkNetworkName(request.name());
        boolean fresh = records.network(request.name()).isEmpty();
        var network =
                bridges.create(
                        request.name(),
                        request.subnet(),
                        request.gateway(),
                        request.internal(),
                        request.labels());
        if (fresh) {
            events.created(network);
        }
        return show(network);
    }

    @Override
    public NetworkResult.Networks networks() {
        var out = new ArrayList<NetworkResult.Network>();
        if (records.network(Bridges.DEFAULT_NETWORK).isEmpty()) {
            out.add(unmade(Bridges.DEFAULT_NETWORK, "bridge"));
        }
        records.networks().stream()
                .sorted(java.util.Comparator.comparing(NetworkRecord::name))
                .forEach(n -> out.add(show(n)));
        out.add(unmade("host", "host"));
        out.add(unmade("none", "none"));
        return new NetworkResult.Networks(out);
    }

    @Override
    public NetworkResult.Network inspect(NetworkOperation.Inspect request) {
        return networks().networks().stream()
                .filter(n -> n.name().equals(request.name()))
                .findFirst()
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.NOT_FOUND,
                                        "there is no network %s",
                                        request.name()));
    }

    @Override
    public Done remove(NetworkOperation.Remove request) {
        AttachRules.checkNetworkName(request.name());
        var steps = Steps.carriedOut();
        synchronized (attachments) {
            var network = records.network(request.name());
            if (network.isEmpty()) {
                return Done.nothing();
            }
            var on = members(request.name());
            if (!on.isEmpty()) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION,
                        "network %s has containers: %s",
                        request.name(),
                        String.join(", ", on.keySet()));
            }
            bridges.down(network.get(), steps);
            records.removeNetwork(request.name());
            events.removed(network.get());
        }
        return new Done(steps.list());
    }

    @Override
    public NetworkResult.Addresses resolve(NetworkOperation.Resolve request) {
        var found =
                records.attachments().stream()
                        .filter(a -> a.network().equals(request.network()))
                        .filter(a -> a.answersTo(request.name()))
                        .flatMap(a -> a.address().stream())
                        .sorted()
                        .toList();
        if (found.isEmpty()) {
            throw FaultException.of(
                    FaultCode.NOT_FOUND,
                    "no container on network %s is called %s",
                    request.network(),
                    request.name());
        }
        return new NetworkResult.Addresses(request.name(), found);
    }

    @Override
    public NetworkResult.AttachmentList attachments() {
        return new NetworkResult.AttachmentList(
                records.attachments().stream()
                        .map(a -> show(a, Steps.carriedOut()))
                        .sorted(java.util.Comparator.comparing(Attached::containerId))
                        .toList());
    }

    private AttachmentRecord attached(String containerId) {
        return records.attachment(containerId)
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.NOT_FOUND,
                                        "container %s is on no network",
                                        containerId));
    }

    private <T> T locked(String containerId, Supplier<T> work) {
        var lock = locks.computeIfAbsent(containerId, _ -> new ReentrantLock());
        lock.lock();
        try {
            return work.get();
        } finally {
            if (records.attachment(containerId).isEmpty() && !lock.hasQueuedThreads()) {
                locks.remove(containerId, lock);
            }
            lock.unlock();
        }
    }

    private Map<String, String> members(String network) {
        var out = new TreeMap<String, String>();
        records.attachments().stream()
                .filter(a -> a.network().equals(network))
                .forEach(a -> out.put(a.containerId(), a.address().orElse("")));
        return out;
    }

    private NetworkResult.Network show(NetworkRecord n) {
        return new NetworkResult.Network(
                n.name(),
                "bridge",
                n.bridge(),
                n.subnet(),
                n.gateway(),
                n.internal(),
                !n.name().equals(Bridges.DEFAULT_NETWORK),
                n.labels(),
                members(n.name()));
    }

    private NetworkResult.Network unmade(String name, String driver) {
        return new NetworkResult.Network(
                name, driver, "", "", "", false, false, Map.of(), members(name));
    }

    private Attached show(AttachmentRecord a, Steps steps) {
        var interfaces =
                a.address()
                        .map(
                                address -> {
                                    var network = bridges.network(a.network());
                                    return new NetworkResult.Interface(
                                            AttachmentRecord.CONTAINER_INTERFACE,
                                            address + "/" + network.range().prefix(),
                                            network.gateway(),
                                            a.mac().orElse(""),
                                            a.hostInterface().orElse(""));
                                })
                        .map(List::of)
                        .orElse(List.of());
        return new Attached(
                a.containerId(),
                a.network(),
                a.netns(),
                interfaces,
                a.ports(),
                a.resolvConf(),
                a.hosts(),
                a.hostnameFile(),
                steps.list());
    }
}
