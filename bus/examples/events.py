#!/usr/bin/env python3
"""Prints events as they happen, one JSON object a line: events.py [--bus SOCKET] [PATTERN…]"""

import argparse
import json
import sys

from gantry_bus import DEFAULT_SOCKET, Bus, Fault


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bus", default=DEFAULT_SOCKET, help="the broker's socket")
    parser.add_argument("--count", type=int, default=0, help="end after so many events; 0: never")
    parser.add_argument("patterns", nargs="*", default=["events.*"], help="topics, or prefixes that end in *")
    options = parser.parse_args()
    bus = Bus(options.bus)
    for pattern in options.patterns:
        bus.subscribe(pattern)
    print("subscribed to " + " ".join(options.patterns), file=sys.stderr, flush=True)
    seen = 0
    while options.count == 0 or seen < options.count:
        topic, body, headers = bus.next_event()
        print(json.dumps({"topic": topic, "sender": headers.get("sender"), "body": body}), flush=True)
        seen += 1


if __name__ == "__main__":
    try:
        main()
    except (Fault, OSError) as problem:
        sys.exit("events.py: %s" % problem)
    except KeyboardInterrupt:
        pass
