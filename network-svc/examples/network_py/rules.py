"""The packet filter: the native service's own ruleset.json, filled by nft(8)."""

import json
import subprocess
from pathlib import Path

RULESET = Path(__file__).resolve().parents[2] / "src/main/resources/dev/gantry/network/nft/ruleset.json"
PORT = [{"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}]
ADDRESS = [{"payload": {"protocol": "ip", "field": "daddr"}}]


def dnat(name, key):
    return json.dumps({"dnat": {"family": "ip",
                                "addr": {"map": {"key": {"concat": key}, "data": "@%s_addr" % name}},
                                "port": {"map": {"key": {"concat": key}, "data": "@%s_port" % name}}}})


class Rules:
    def __init__(self, records, table):
        self.records, self.table, self.active, self.installed = records, table, set(), False
        text = RULESET.read_text().replace("TABLE", table)
        self.rules = json.loads(text.replace("DNAT_ONE", dnat("one", ADDRESS + PORT)).replace("DNAT_ANY", dnat("any", PORT)))

    # An element is (family, set, key, value); the value is None but in a map.

    def of_network(self, n):
        out = [("inet", "bridges", [n["bridge"]], None), ("inet", "same", [n["bridge"]] * 2, None)]
        if n["internal"]:
            out.append(("inet", "internal", [n["bridge"]], None))
        else:
            base, length = n["subnet"].split("/")
            out.append(("inet", "routed", [{"prefix": {"addr": base, "len": int(length)}}], None))
        return out

    def of_attachment(self, a):
        if not a.get("hostInterface"):
            return []
        out = [("bridge", "ports", [a["hostInterface"]], None),
               ("bridge", "endpoints", [a["hostInterface"], a["mac"], a["address"]], None)]
        for port in a["ports"]:
            out += self.of_port(port, a["address"])
        return out

    @staticmethod
    def of_port(port, address):
        everywhere = port["hostIp"] in ("", "0.0.0.0")
        key = ([] if everywhere else [port["hostIp"]]) + [port["protocol"], port["hostPort"]]
        name = "any" if everywhere else "one"
        return [("inet", name + "_addr", key, address), ("inet", name + "_port", key, port["containerPort"])]

    def change(self, verb, elements):
        if not self.installed:
            self.install()
            if verb == "add":
                return
        if elements:
            self._run([self._element(verb, e) for e in elements])

    def shell(self, verb, elements):
        commands = []
        for family, name, key, value in elements:
            keys = " . ".join(str(k["prefix"]["addr"]) + "/" + str(k["prefix"]["len"]) if isinstance(k, dict) else str(k)
                              for k in key)
            commands.append("%s element %s %s %s { %s%s }" % (
                verb, family, self.table, name, keys, "" if value is None else " : %s" % value))
        return "nft '%s'" % "; ".join(commands)

    def install(self):
        """Makes both tables anew, in one transaction, as the records want them."""
        commands = [self._tables(verb, family) for verb in ("add", "delete", "add") for family in ("inet", "bridge")]
        wanted = [e for n in self.records.networks.values() if n["name"] in self.active for e in self.of_network(n)]
        wanted += [e for a in self.records.attachments.values() for e in self.of_attachment(a)]
        self._run(commands + self.rules + [self._element("add", e) for e in wanted])
        self.installed = True

    def uninstall(self):
        self._run([self._tables(verb, family) for verb in ("add", "delete") for family in ("inet", "bridge")])
        self.installed = False

    def _tables(self, verb, family):
        return {verb: {"table": {"family": family, "name": self.table}}}

    def _element(self, verb, element):
        family, name, key, value = element
        node = key[0] if len(key) == 1 else {"concat": key}
        return {verb: {"element": {"family": family, "table": self.table, "name": name,
                                   "elem": [node if value is None else [node, value]]}}}

    def _run(self, commands):
        subprocess.run(["nft", "-j", "-f", "/dev/stdin"], input=json.dumps({"nftables": commands}), text=True,
                       check=True, capture_output=True)
