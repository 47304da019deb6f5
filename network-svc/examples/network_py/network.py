#!/usr/bin/python3
"""A second network-svc: network.v1 with Python's standard library, ip(8), nft(8) and nsenter(1).

    network.py [--run DIR] [--state DIR] [--bus SOCKET]

It takes the address over from whoever serves it, goes on with that one's containers, and leaves
its own in a form that the native service goes on with: the same records below STATE/network-svc,
the same pins, links and nft tables. ../../README.md has the schema of the records.
"""

import ctypes
import ipaddress
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), os.environ.get("GANTRY_PYTHON", ""), str(HERE.parents[2] / "bus" / "examples")]

from gantry_bus import Bus, Fault  # noqa: E402
from records import Records  # noqa: E402
from rules import Rules  # noqa: E402

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
HOSTNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9])?")
RESERVED = {"none", "host", "container", "default"}
DEFAULT = "gantry0"
MNT_DETACH = 2
LIBC = ctypes.CDLL(None, use_errno=True)


def invalid(message):
    return Fault("INVALID_ARGUMENT", message)


def check(pattern, what, value):
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise invalid("%s %s is not allowed" % (what, json.dumps(value)))
    return value


def check_address(text):
    if not re.fullmatch(r"[0-9a-fA-F.:]+", text):
        raise invalid("%s is not an address" % json.dumps(text))
    try:
        return ipaddress.ip_address(text)
    except ValueError as e:
        raise invalid(str(e)) from None


def check_port(port):
    port = {"hostIp": port.get("hostIp") or "", "hostPort": port.get("hostPort", 0),
            "containerPort": port.get("containerPort", 0), "protocol": port.get("protocol") or "tcp"}
    if not (0 <= port["hostPort"] <= 65535 and 1 <= port["containerPort"] <= 65535):
        raise invalid("port %(hostPort)s:%(containerPort)s is not within 1..65535" % port)
    if port["protocol"] not in ("tcp", "udp"):
        raise invalid("protocol %s is neither tcp nor udp" % json.dumps(port["protocol"]))
    if port["hostIp"] and check_address(port["hostIp"]).version != 4:
        raise invalid("%s is not an IPv4 address" % port["hostIp"])
    return port


class Steps:
    """The commands of one operation, run as they are added unless they are only wanted as a plan."""

    def __init__(self, plan_only=False):
        self.plan_only, self.list = plan_only, []

    def run(self, operation, detail, shell, action=None):
        step = {"service": "network-svc", "operation": operation, "detail": detail, "shell": shell}
        self.list.append(step)
        if self.plan_only:
            return
        step["startNanos"], start = time.time_ns(), time.monotonic_ns()
        try:
            if action:
                action()
            else:
                sh(shell)
            step["answer"] = "ok"
        finally:
            step["durationNanos"] = time.monotonic_ns() - start
            step.setdefault("answer", "INTERNAL")


def sh(command):
    done = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Fault("INTERNAL", "%s: %s" % (command[:200], (done.stderr or done.stdout).strip()[:300]))
    return done.stdout


class Network:
    def __init__(self, run, state, bus):
        self.netns, self.containers = run / "network-svc/netns", run / "network-svc/containers"
        self.records = Records(state / "network-svc")
        instance = "gantry" if (run, state) == (Path("/run/gantry"), Path("/var/lib/gantry")) else (
            "gantry-%06x" % (java_hash(str(run)) & 0xFFFFFF))
        self.bridges = instance.replace("gantry-", "gtry")
        self.rules = Rules(self.records, instance.replace("-", "_"))
        self.bus, self.numbers = bus, itertools.count(1)
        self.netns.mkdir(parents=True, exist_ok=True)

    def handle(self, operation, _headers):
        handler = getattr(self, "do_" + str(operation.get("operation")), None)
        if handler is None:
            raise invalid("network.v1 has no operation %s" % json.dumps(operation.get("operation")))
        return handler(operation)

    # Containers

    def do_attach(self, request):
        ident = check(NAME, "container id", request.get("containerId"))
        request = dict(request, network=request.get("network") or DEFAULT)
        self.check_attach(request)
        known = self.records.attachments.get(ident)
        if known:
            if known["network"] != request["network"]:
                raise Fault("ALREADY_EXISTS", "container %s is on network %s" % (ident, known["network"]))
            return self.show(known, [])
        steps = Steps(bool(request.get("planOnly")))
        record = self.new_record(request, steps.plan_only)
        if not steps.plan_only:
            self.records.put_attachment(record)
        try:
            self.carry_out(record, steps)
        except Exception:
            self.leave(record, Steps())
            raise
        if not steps.plan_only:
            self.event("attached", ident, network=record["network"], **(
                {"address": record["address"]} if record.get("address") else {}))
        return self.show(record, steps.list)

    def check_attach(self, request):
        network = request["network"]
        check(NAME, "network name", network.removeprefix("container:"))
        if request.get("hostname"):
            check(HOSTNAME, "host name", request["hostname"])
        for alias in request.get("aliases") or []:
            check(HOSTNAME, "alias", alias)
        for server in request.get("dns") or []:
            check_address(server)
        for extra in request.get("extraHosts") or []:
            name, _, address = extra.partition(":")
            check(HOSTNAME, "extra host", name)
            check_address(address)
        if request.get("ports") and not self.is_bridge(network):
            raise invalid("ports can't be published on network %s" % network)

    @staticmethod
    def is_bridge(network):
        return network not in RESERVED and not network.startswith("container:")

    def new_record(self, request, plan_only):
        ident, network = request["containerId"], request["network"]
        if network.startswith("container:"):
            target = self.records.attachments.get(network.removeprefix("container:"))
            if not target:
                raise Fault("NOT_FOUND", "%s is on no network" % network)
            shared = ("netns", "hostname", "resolvConf", "hosts", "hostnameFile")
            return dict({k: target[k] for k in shared if k in target}, containerId=ident, network=network,
                        aliases=[], ports=[], dns=[], extraHosts=[])
        files = self.containers / ident
        record = {"containerId": ident, "network": network, "hostname": request.get("hostname") or ident[:12],
                  "aliases": request.get("aliases") or [], "dns": request.get("dns") or [],
                  "extraHosts": request.get("extraHosts") or [], "ports": [],
                  "resolvConf": str(files / "resolv.conf"), "hosts": str(files / "hosts"),
                  "hostnameFile": str(files / "hostname")}
        if self.is_bridge(network):
            number = ident if plan_only else "net-%d-%d" % (os.getpid(), next(self.numbers))
            record["netns"] = str(self.netns / number)
        if self.is_bridge(network):
            on = self.network(network)
            record["ports"] = self.choose(ident, request.get("ports") or [])
            if record["ports"] and on["internal"]:
                raise Fault("FAILED_PRECONDITION", "network %s is internal" % network)
            address = self.free_address(on)
            octets = address.packed
            record.update(address=str(address), mac="02:42:%02x:%02x:%02x:%02x" % tuple(octets),
                          hostInterface="gv" + octets.hex())
        return record

    def carry_out(self, record, steps):
        pin, network = record.get("netns"), record["network"]
        if self.is_bridge(network):
            sysctl = "/proc/sys/net/ipv6/conf/%s/accept_ra"
            steps.run("unshare", "CLONE_NEWNET, pinned on " + pin,
                      "touch %s && unshare --net=%s sh -c 'ip link set lo up; for f in %s %s; do [ ! -e $f ] ||"
                      " echo 0 > $f; done; echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start'"
                      % (pin, pin, sysctl % "all", sysctl % "default"))
            self.connect(record, self.network(network), steps)
        if not network.startswith("container:"):
            steps.run("write", "resolv.conf, hosts and hostname", "# three files below %s" % self.containers,
                      lambda: self.write_files(record))

    def connect(self, record, network, steps):
        self.bridge_up(network, steps)
        prefix = network["subnet"].split("/")[1]
        steps.run("nft", "source guard and ports", self.rules.shell("add", self.rules.of_attachment(record)),
                  lambda: self.rules.change("add", self.rules.of_attachment(record)))
        hairpin = " type bridge_slave hairpin on" if read("/proc/sys/net/bridge/bridge-nf-call-iptables") == "1" else ""
        steps.run("ip link", "veth pair",
                  "ip link add %s mtu 1500 master %s type veth peer name eth0 mtu 1500 address %s netns %s"
                  " && ip link set %s up%s" % (record["hostInterface"], network["bridge"], record["mac"],
                                                record["netns"], record["hostInterface"], hairpin))
        route = "" if network["internal"] else " && ip route add default via " + network["gateway"]
        steps.run("ip addr", "%s/%s on eth0" % (record["address"], prefix),
                  "nsenter --net=%s sh -c 'ip link set eth0 up && ip addr add %s/%s brd + dev eth0%s'"
                  % (record["netns"], record["address"], prefix, route))

    def do_detach(self, request):
        record = self.records.attachments.get(check(NAME, "container id", request.get("containerId")))
        steps = Steps()
        if record:
            self.leave(record, steps)
            self.event("detached", record["containerId"], network=record["network"])
        return {"steps": steps.list}

    def leave(self, record, steps):
        if steps.plan_only or record["containerId"] not in self.records.attachments:
            return
        network, pin, port = record["network"], record.get("netns"), record.get("hostInterface")
        if port:
            elements = self.rules.of_attachment(record)
            steps.run("nft", "rules of the container", self.rules.shell("delete", elements),
                      lambda: self.rules.change("delete", elements))
            if link_exists(port):
                steps.run("ip link", "delete " + port, "ip link del " + port)
        if pin and not network.startswith("container:"):
            steps.run("umount", pin, "umount -l %s && rm %s" % (pin, pin), lambda: unpin(pin))
        if not network.startswith("container:"):
            for name in ("resolvConf", "hosts", "hostnameFile"):
                Path(record[name]).unlink(missing_ok=True)
            directory = self.containers / record["containerId"]
            if directory.exists():
                directory.rmdir()
        self.records.remove_attachment(record["containerId"])

    def write_files(self, record):
        (self.containers / record["containerId"]).mkdir(parents=True, exist_ok=True)
        lines = [s for s in (read("/etc/resolv.conf") or "").splitlines()
                 if not re.match(r"\s*nameserver\s+(127\.|::1)", s)]
        servers = record["dns"]
        if not servers and self.is_bridge(record["network"]) and record["network"] != DEFAULT:
            servers = [self.network(record["network"])["gateway"]]
        if servers:
            lines = ["nameserver " + s for s in servers] + [s for s in lines if "nameserver" not in s]
        hosts = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n%s\t%s\n" % (
            record.get("address", "127.0.1.1"), record["hostname"])
        for extra in record["extraHosts"]:
            name, _, address = extra.partition(":")
            hosts += "%s\t%s\n" % (address, name)
        for name, text in (("resolvConf", "\n".join(lines) + "\n"), ("hosts", hosts),
                           ("hostnameFile", record["hostname"] + "\n")):
            Path(record[name]).write_text(text)
            os.chmod(record[name], 0o644)

    # Ports

    def do_publish(self, request):
        record, port = self.attached(request), check_port(request["port"])
        if not record.get("address") or self.network(record["network"])["internal"]:
            raise Fault("FAILED_PRECONDITION", "network %s is not reachable from outside" % record["network"])
        steps = Steps()
        if port not in record["ports"]:
            port = self.choose("", [port])[0]
            record = dict(record, ports=record["ports"] + [port])
            self.records.put_attachment(record)
            elements = self.rules.of_port(port, record["address"])
            steps.run("nft", "publish", self.rules.shell("add", elements), lambda: self.rules.change("add", elements))
            self.event("published", record["containerId"], network=record["network"], **port)
        return self.show(record, steps.list)

    def do_unpublish(self, request):
        record, port = self.attached(request), check_port(request["port"])
        steps = Steps()
        if port in record["ports"]:
            record = dict(record, ports=[p for p in record["ports"] if p != port])
            self.records.put_attachment(record)
            elements = self.rules.of_port(port, record["address"])
            steps.run("nft", "take back", self.rules.shell("delete", elements),
                      lambda: self.rules.change("delete", elements))
            self.event("unpublished", record["containerId"], network=record["network"], **port)
        return self.show(record, steps.list)

    def choose(self, ident, ports):
        out = []
        for port in map(check_port, ports):
            if port["hostPort"] == 0:
                free = (n for n in range(49153, 65536)
                        if not self.clash(ident, dict(port, hostPort=n), out) and not in_use(dict(port, hostPort=n)))
                out.append(dict(port, hostPort=next(free)))
                continue
            if self.clash(ident, port, out):
                raise Fault("ALREADY_EXISTS", "port %(hostPort)s/%(protocol)s is published already" % port)
            if in_use(port):
                raise Fault("FAILED_PRECONDITION",
                            "port %(hostPort)s/%(protocol)s is in use by a process of the host" % port)
            out.append(port)
        return out

    def clash(self, ident, port, more):
        others = [p for a in self.records.attachments.values() if a["containerId"] != ident for p in a["ports"]]
        wide = ("", "0.0.0.0")
        return any(p["hostPort"] == port["hostPort"] and p["protocol"] == port["protocol"]
                   and (p["hostIp"] in wide or port["hostIp"] in wide or p["hostIp"] == port["hostIp"])
                   for p in others + more)

    # Networks

    def do_create(self, request):
        name = check(NAME, "network name", request.get("name"))
        if name in RESERVED:
            raise invalid("network name %s has a meaning of its own" % name)
        return self.show_network(self.create(name, request))

    def create(self, name, request):
        known = self.records.networks.get(name)
        subnet, gateway = request.get("subnet"), request.get("gateway")
        if known:
            if (subnet or known["subnet"], gateway or known["gateway"], bool(request.get("internal"))) != (
                    known["subnet"], known["gateway"], known["internal"]):
                raise Fault("ALREADY_EXISTS", "network %s exists with subnet %s" % (name, known["subnet"]))
            return known
        taken = [ipaddress.ip_network(n["subnet"]) for n in self.records.networks.values()]
        taken += [ipaddress.ip_network(r["dst"], strict=False) for r in json.loads(sh("ip -4 -j route show table all"))
                  if r["dst"] != "default"]
        try:
            net = ipaddress.IPv4Network(subnet) if subnet else free_subnet(name == DEFAULT, taken)
        except ValueError as e:
            raise invalid("subnet: %s" % e) from None
        if not 8 <= net.prefixlen <= 30 or (subnet and "/" not in subnet):
            raise invalid("subnet %s is not between /8 and /30" % net)
        if any(net.overlaps(t) for t in taken):
            raise Fault("FAILED_PRECONDITION", "subnet %s overlaps a route of the host" % net)
        via = check_address(gateway) if gateway else net[1]
        if via not in net or via in (net[0], net[-1]):
            raise invalid("gateway %s is not a host of subnet %s" % (via, net))
        used = {n["bridge"] for n in self.records.networks.values()}
        bridge = next(b for b in (self.bridges + str(i) for i in range(99999)) if b not in used and not link_exists(b))
        record = {"name": name, "bridge": bridge, "subnet": str(net), "gateway": str(via),
                  "internal": bool(request.get("internal")), "dnsPort": 0, "labels": request.get("labels") or {}}
        self.records.put_network(record)
        self.event("created", name, subnet=record["subnet"])
        return record

    def network(self, name):
        known = self.records.networks.get(name)
        if known:
            return known
        if name == DEFAULT:
            return self.create(name, {})
        raise Fault("NOT_FOUND", "there is no network %s" % name)

    def bridge_up(self, network, steps):
        if not link_exists(network["bridge"]):
            if read("/proc/sys/net/ipv4/ip_forward") != "1":
                mark = self.records.directory / "ip_forward.was-off"
                steps.run("sysctl", "net.ipv4.ip_forward = 1",
                          "touch %s && echo 1 > /proc/sys/net/ipv4/ip_forward" % mark)
            b = network["bridge"]
            octets = ipaddress.ip_address(network["gateway"]).packed
            steps.run("bridge", b, (
                "ip link add {b} address 02:42:%02x:%02x:%02x:%02x mtu 1500 type bridge && cd /proc/sys/net"
                " && {{ [ ! -d ipv6 ] || echo 1 > ipv6/conf/{b}/disable_ipv6; }}"
                " && echo 1 > ipv4/conf/{b}/route_localnet && ip addr add {g}/{p} brd + dev {b}"
                " && ip link set {b} up" % tuple(octets)).format(
                    b=b, g=network["gateway"], p=network["subnet"].split("/")[1]))
        if not steps.plan_only and network["name"] not in self.rules.active:
            self.rules.active.add(network["name"])
            self.rules.change("add", self.rules.of_network(network))

    def bridge_down(self, network):
        if network["name"] in self.rules.active:
            self.rules.active.discard(network["name"])
            self.rules.change("delete", self.rules.of_network(network))
        if link_exists(network["bridge"]):
            sh("ip link del " + network["bridge"])
        mark = self.records.directory / "ip_forward.was-off"
        if not self.rules.active and mark.exists():
            sh("echo 0 > /proc/sys/net/ipv4/ip_forward")
            mark.unlink()

    def do_remove(self, request):
        name = check(NAME, "network name", request.get("name"))
        if name in RESERVED:
            raise invalid("network name %s has a meaning of its own" % name)
        network = self.records.networks.get(name)
        if network:
            if self.members(name):
                raise Fault("FAILED_PRECONDITION", "network %s has containers: %s"
                            % (name, ", ".join(self.members(name))))
            self.bridge_down(network)
            self.records.remove_network(name)
            self.event("removed", name)
        return {"steps": []}

    def do_networks(self, _request):
        out = [self.show_network(n) for _, n in sorted(self.records.networks.items())]
        if DEFAULT not in self.records.networks:
            out.insert(0, self.unmade(DEFAULT, "bridge"))
        return {"networks": out + [self.unmade("host", "host"), self.unmade("none", "none")]}

    def do_inspect(self, request):
        name = check(NAME, "network name", request.get("name"))
        for network in self.do_networks({})["networks"]:
            if network["name"] == name:
                return network
        raise Fault("NOT_FOUND", "there is no network %s" % name)

    def do_resolve(self, request):
        network, name = request.get("network"), check(NAME, "name", request.get("name"))
        found = sorted(a["address"] for a in self.records.attachments.values()
                       if a["network"] == network and a.get("address")
                       and name in [a["hostname"], a["containerId"], a["containerId"][:12], *a["aliases"]])
        if not found:
            raise Fault("NOT_FOUND", "no container on network %s is called %s" % (network, name))
        return {"name": name, "addresses": found}

    def do_attachments(self, _request):
        return {"attachments": [self.show(a, []) for _, a in sorted(self.records.attachments.items())]}

    # What is told

    def show(self, record, steps):
        out = {k: record[k] for k in ("containerId", "network", "ports", "resolvConf", "hosts", "hostnameFile")}
        if record.get("netns"):
            out["netns"] = record["netns"]
        out.update(interfaces=[], steps=steps)
        if record.get("address"):
            network = self.network(record["network"])
            out["interfaces"] = [{"name": "eth0", "address": record["address"] + "/" + network["subnet"].split("/")[1],
                                  "gateway": network["gateway"], "mac": record["mac"],
                                  "hostInterface": record["hostInterface"]}]
        return out

    def show_network(self, n):
        return {"name": n["name"], "driver": "bridge", "bridge": n["bridge"], "subnet": n["subnet"],
                "gateway": n["gateway"], "internal": n["internal"], "dns": False, "labels": n["labels"],
                "containers": self.members(n["name"])}

    def unmade(self, name, driver):
        return {"name": name, "driver": driver, "bridge": "", "subnet": "", "gateway": "", "internal": False,
                "dns": False, "labels": {}, "containers": self.members(name)}

    def members(self, network):
        return {a["containerId"]: a.get("address", "") for a in self.records.attachments.values()
                if a["network"] == network}

    def attached(self, request):
        ident = check(NAME, "container id", request.get("containerId"))
        if ident not in self.records.attachments:
            raise Fault("NOT_FOUND", "container %s is on no network" % ident)
        return self.records.attachments[ident]

    def free_address(self, network):
        used = {a.get("address") for a in self.records.attachments.values()} | {network["gateway"]}
        for address in ipaddress.ip_network(network["subnet"]).hosts():
            if str(address) not in used:
                return address
        raise Fault("RESOURCE_EXHAUSTED", "network %s has no free address left" % network["name"])

    def event(self, what, ident, **facts):
        self.bus.publish("events.network." + what, dict(facts, id=ident, timeNanos=time.time_ns()))

    # Beginning and end

    def reconcile(self):
        for network in self.records.networks.values():
            if self.members(network["name"]):
                self.bridge_up(network, Steps())

    def close(self):
        """Leaves containers as they are; without any, leaves nothing."""
        if not any(a.get("address") for a in self.records.attachments.values()):
            for network in self.records.networks.values():
                self.bridge_down(network)
            self.rules.uninstall()


def java_hash(text):
    value = 0
    for character in text:
        value = (value * 31 + ord(character)) & 0xFFFFFFFF
    return value


def free_subnet(wide, taken):
    pools = ["10.%d.0.0/16" % i for i in range(64, 88)] if wide else [
        "10.%d.%d.0/24" % (i, j) for i in range(65, 88) for j in range(256)]
    for candidate in map(ipaddress.ip_network, pools):
        if not any(candidate.overlaps(t) for t in taken):
            return candidate
    raise Fault("RESOURCE_EXHAUSTED", "no subnet is free")


def in_use(port):
    kind = socket.SOCK_STREAM if port["protocol"] == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((port["hostIp"], port["hostPort"]))
            return False
        except PermissionError:
            return False  # below 1024, which this service may not bind: it can't tell
        except OSError:
            return True


def read(path):
    try:
        return Path(path).read_text().strip()
    except FileNotFoundError:
        return ""


def link_exists(name):
    return Path("/sys/class/net", name).exists() or subprocess.run(
        ["ip", "link", "show", name], capture_output=True, check=False).returncode == 0


def unpin(pin):
    LIBC.umount2(os.fsencode(pin), MNT_DETACH)
    Path(pin).unlink(missing_ok=True)


def main():
    options = {"--run": "/run/gantry", "--state": "/var/lib/gantry", "--bus": None}
    options.update(zip(sys.argv[1::2], sys.argv[2::2]))
    run, state = Path(options["--run"]), Path(options["--state"])
    bus = Bus(options["--bus"] or str(run / "bus/bus.sock"))
    network = Network(run, state, bus)
    network.reconcile()

    def stop(_signal, _frame):
        network.close()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    bus.serve({"network.v1": network.handle}, ready=lambda: print("network.py: serves", flush=True))
    # Displaced: the successor has the records now. Wait to be ended.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Event().wait()


if __name__ == "__main__":
    main()
