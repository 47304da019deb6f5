#!/usr/bin/env python3
"""A token service for docker-registry (distribution's "Token Authentication Specification").

token_server.py DIR PORT [USER PASSWORD]: signs with DIR/key.pem, whose certificate is DIR/cert.pem. Anybody may pull; only the user
may push. Each request is a line of DIR/requests: the user, or -, and the scopes.
"""
import base64
import http.server
import json
import subprocess
import sys
import time
import urllib.parse

directory, port = sys.argv[1], int(sys.argv[2])
login = ":".join(sys.argv[3:5])


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def der():
    return subprocess.run(["openssl", "x509", "-in", f"{directory}/cert.pem", "-outform", "DER"], check=True, capture_output=True).stdout


def token(service, scopes, known):
    access = []
    for scope in scopes:
        kind, name, actions = scope.split(":")
        granted = [a for a in actions.split(",") if a == "pull" or known]
        access.append({"type": kind, "name": name, "actions": granted})
    now = int(time.time())
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der()).decode()]}
    claims = {"iss": "test", "sub": "", "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now, "jti": str(time.time_ns()),
              "access": access}
    signed = encoded(json.dumps(header).encode()) + "." + encoded(json.dumps(claims).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", f"{directory}/key.pem"], input=signed.encode(), check=True,
                               capture_output=True).stdout
    return signed + "." + encoded(signature)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        given = self.headers.get("Authorization", "")
        known = given == "Basic " + base64.b64encode(login.encode()).decode()
        scopes = query.get("scope", [])
        with open(f"{directory}/requests", "a") as log:
            log.write(f"{sys.argv[3] if known else '-'} {' '.join(scopes)}\n")
        if given and not known:
            self.send_error(401)
            return
        body = json.dumps({"token": token(query["service"][0], scopes, known)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
