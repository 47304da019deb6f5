"""dns_query.py [-t] SERVER NAME: asks for an A record, by UDP or (-t) TCP; prints the addresses."""

import socket
import struct
import sys

arguments = sys.argv[1:]
tcp = arguments[0] == "-t"
server, name = arguments[tcp:]
query = struct.pack("!HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0)
for label in name.split("."):
    query += bytes([len(label)]) + label.encode()
query += struct.pack("!BHH", 0, 1, 1)
if tcp:
    with socket.create_connection((server, 53), timeout=3) as s:
        s.sendall(struct.pack("!H", len(query)) + query)
        answer = s.recv(65535)[2:]
else:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.sendto(query, (server, 53))
        answer = s.recv(65535)
ident, flags, _, count, _, _ = struct.unpack("!HHHHHH", answer[:12])
assert ident == 0x1234 and flags & 0x8000
if flags & 15:
    print("code", flags & 15)
at = len(query)
for _ in range(count):
    while answer[at]:
        if answer[at] >= 0xC0:
            at += 1
            break
        at += answer[at] + 1
    at += 1
    kind, _, _, length = struct.unpack("!HHIH", answer[at : at + 10])
    at += 10
    if kind == 1:
        print(socket.inet_ntoa(answer[at : at + 4]))
    at += length
