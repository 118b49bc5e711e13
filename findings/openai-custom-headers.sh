#!/usr/bin/env bash
# openai 3.54.0 (Python): an `Authorization` in OPENAI_CUSTOM_HEADERS replaces the key that the program passes.
#
# A program makes a client of another host with that host's key: OpenAI(base_url=…, api_key="key-of-this-host"). If the
# environment has OPENAI_CUSTOM_HEADERS="Authorization: Bearer token-of-openai", as a company's gateway may ask for,
# the other host is sent `Bearer token-of-openai`, and the key that was passed is sent nowhere. Nothing is said.
# Arguments usually win over the environment, as `organization=` and `project=` do in the same client.
#
# It installs the package into a temporary folder, asks a server on loopback, and ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.54.0
env OPENAI_CUSTOM_HEADERS="Authorization: Bearer token-of-openai" OPENAI_ORG_ID=org-environment \
    "$folder/venv/bin/python" - <<'PYTHON'
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from openai import DefaultHttpxClient, OpenAI

seen = []


class Host(BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append((self.headers["Authorization"], self.headers["OpenAI-Organization"]))
        body = b'{"object": "list", "data": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Host)
Thread(target=server.serve_forever, daemon=True).start()
client = OpenAI(
    base_url=f"http://127.0.0.1:{server.server_port}/v1",
    api_key="key-of-this-host",
    organization="org-argument",
    http_client=DefaultHttpxClient(trust_env=False),
)
client.models.list()
server.shutdown()
print("passed: key-of-this-host, org-argument; sent:", *seen[0])
sys.exit(seen != [("Bearer token-of-openai", "org-argument")])
PYTHON
