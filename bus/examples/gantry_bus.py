"""A client of Gantry's bus: the standard library only. ../README.md has the protocol.

    bus = Bus("/run/gantry/bus/bus.sock")
    bus.call("container.v1", {"operation": "list", "all": True})
    for topic, body, sender in bus.events("events.*"): ...
    bus.serve({"network.v1": handle})       # handle(body, headers) -> result, or raises Fault
"""

import json
import os
import select
import socket
import struct
import time

DEFAULT_SOCKET = os.environ.get("GANTRY_BUS", "/run/gantry/bus/bus.sock")
LONGEST_FRAME = 4 * 1024 * 1024 + 64 * 1024


def notify(state):
    """Tells systemd, or Gantry's supervisor, as sd_notify(3) does; nothing if nobody asked for it."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)


class Fault(Exception):
    """Why an operation failed: code, message, operation, subject and, where there is one, errno."""

    def __init__(self, code, message, operation="", subject="", errno=None):
        super().__init__(message)
        self.code, self.message = code, message
        self.operation, self.subject, self.errno = operation, subject, errno

    def body(self):
        """As it goes over the bus."""
        body = {"code": self.code, "operation": self.operation, "subject": self.subject, "message": self.message}
        if self.errno:
            body["errno"] = self.errno
        return body


class Bus:
    """One connection, used by one thread."""

    def __init__(self, path=DEFAULT_SOCKET):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.numbers = 0
        self.events_waiting = []

    def close(self):
        self.socket.close()

    def call(self, address, operation, timeout=30.0):
        """Sends an operation; its result, or raises Fault."""
        answer_at = self._number()
        headers = {"timeout": str(int(timeout * 1000))}
        self._send({"type": "send", "address": address, "replyAddress": answer_at, "headers": headers,
                    "body": operation})
        # The broker answers at the deadline; a little later, it is the broker that is gone.
        return self._answer(answer_at, timeout + 1.0)

    def publish(self, topic, body):
        self._send({"type": "publish", "address": topic, "body": body})

    def subscribe(self, pattern):
        """A topic, or a prefix that ends in *; what comes is read with next_event."""
        self._control({"type": "register", "address": pattern})

    def next_event(self, timeout=None):
        """(topic, body, headers) of the next event; headers["sender"] is stamped by the broker."""
        while not self.events_waiting:
            frame = self._receive(timeout)
            if frame["type"] == "message" and frame["address"].startswith("events."):
                self.events_waiting.append(frame)
        frame = self.events_waiting.pop(0)
        return frame["address"], frame.get("body"), frame.get("headers", {})

    def events(self, pattern):
        """Subscribes, and yields every event."""
        self.subscribe(pattern)
        while True:
            yield self.next_event()

    def serve(self, handlers, ready=lambda: None):
        """Owns the addresses and answers until displaced or disconnected.

        handlers maps an address to a function of (operation, headers) that returns a result or
        raises Fault. An owner that is there is displaced, and answers what it has begun. Returns
        when another owner has displaced this one everywhere.
        """
        owned = set(handlers)
        for address in handlers:
            self._control({"type": "register", "address": address, "headers": {"takeover": "true"}})
        ready()
        notify("READY=1")
        # WATCHDOG_USEC is how long the supervisor waits for a sign of life: give three in that time.
        watchdog = int(os.environ.get("WATCHDOG_USEC", "0")) / 3e6 or None
        while owned:
            if not select.select([self.socket], [], [], watchdog)[0]:
                notify("WATCHDOG=1")
                continue
            notify("WATCHDOG=1")
            frame = self._receive(10.0)
            if frame["type"] != "message" or frame["address"] not in handlers:
                continue
            headers = frame.get("headers", {})
            if "drain" in headers:
                owned.discard(frame["address"])
            elif "replyAddress" in frame:
                self._reply(handlers[frame["address"]], frame, headers)

    def _reply(self, handler, frame, headers):
        reply = {"type": "send", "address": frame["replyAddress"]}
        try:
            reply["body"] = handler(frame.get("body"), headers)
        except Fault as fault:
            reply["headers"] = {"fault": fault.code, "message": fault.message[:1000]}
            reply["body"] = fault.body()
        except Exception as defect:  # the caller must not wait for its deadline
            reply["headers"] = {"fault": "INTERNAL", "message": repr(defect)[:1000]}
            reply["body"] = Fault("INTERNAL", "a defect of the service: %r" % defect).body()
        self._send(reply)

    def _control(self, frame):
        frame["replyAddress"] = self._number()
        self._send(frame)
        self._answer(frame["replyAddress"], 10.0)

    def _answer(self, address, timeout):
        until = time.monotonic() + timeout
        while True:
            frame = self._receive(max(0.001, until - time.monotonic()))
            if frame.get("address") == address:
                if frame["type"] == "err":
                    raise _fault(frame)
                return frame.get("body")
            if frame["type"] == "err" and not frame.get("address"):
                raise _fault(frame)
            if frame.get("address", "").startswith("events."):
                self.events_waiting.append(frame)

    def _number(self):
        self.numbers += 1
        return "reply.%d" % self.numbers

    def _send(self, frame):
        self.socket.settimeout(None)
        data = json.dumps(frame).encode()
        self.socket.sendall(struct.pack(">I", len(data)) + data)

    def _receive(self, timeout):
        self.socket.settimeout(timeout)
        try:
            (length,) = struct.unpack(">I", self._read(4))
            if length > LONGEST_FRAME:
                raise Fault("INTERNAL", "the bus announced a frame of %d bytes" % length)
            # Once a frame has begun, its rest is on its way.
            self.socket.settimeout(10.0)
            return json.loads(self._read(length))
        except socket.timeout:
            raise Fault("UNAVAILABLE", "the bus does not answer") from None

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise Fault("UNAVAILABLE", "the bus closed the connection")
            data += part
        return bytes(data)


def _fault(frame):
    body = frame.get("body") or {}
    return Fault(body.get("code", "INTERNAL"), body.get("message", frame.get("message", "no reason given")),
                 body.get("operation", ""), body.get("subject", ""), body.get("errno"))
