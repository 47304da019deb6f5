#!/usr/bin/env python3
"""Runs a container, prints its output and ends with its exit code:

    run.py [--bus SOCKET] [--rm] [--name NAME] [--network NETWORK] IMAGE [COMMAND…]
"""

import argparse
import sys

from gantry_bus import DEFAULT_SOCKET, Bus, Fault


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bus", default=DEFAULT_SOCKET, help="the broker's socket")
    parser.add_argument("--rm", action="store_true", help="remove the container when it has ended")
    parser.add_argument("--name")
    parser.add_argument("--network", help="a network, none or host")
    parser.add_argument("image")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args()


def print_log(bus, container, cursor):
    """Prints what is new in the log; where to go on."""
    while True:
        chunk = bus.call("container.v1", {"operation": "logs", "container": container, "cursor": cursor,
                                          "tail": -1, "maxLines": 1000})
        for line in chunk.get("lines", []):
            stream = sys.stderr if line["stream"] == "stderr" else sys.stdout
            stream.write(line["text"] if line.get("partial") else line["text"] + "\n")
            stream.flush()
        cursor = chunk["cursor"]
        if chunk["end"]:
            return cursor


def main():
    options = arguments()
    spec = {"image": options.image, "command": options.command}
    if options.name:
        spec["name"] = options.name
    if options.network:
        spec["network"] = options.network
    bus = Bus(options.bus)
    container = bus.call("container.v1", {"operation": "run", "spec": spec}, timeout=120)["id"]
    try:
        cursor, stopped = "", False
        while not stopped:
            end = bus.call("container.v1", {"operation": "wait", "container": container, "timeoutMillis": 500})
            stopped = end["stopped"]
            cursor = print_log(bus, container, cursor)
    finally:
        if options.rm:
            bus.call("container.v1", {"operation": "remove", "container": container, "force": True})
    return end["code"]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Fault, OSError) as problem:
        sys.exit("run.py: %s" % problem)
