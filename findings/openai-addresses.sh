#!/usr/bin/env bash
# openai 3.54.0 (Python): three addresses of Azure are asked at a path that does not exist, without an error.
#
# 1. OpenAI(base_url=".../openai/deployments/x?api-version=V"): the rest of the path is put behind the query, so the
#    version that is sent is "Vchat/completions" and the path ends at the deployment.
# 2. AzureOpenAI(base_url=".../openai/v1", api_version="preview"), the address of Azure's own next API: the client
#    inserts /deployments/MODEL, which this API does not have.
# 3. AzureOpenAI(base_url=".../openai/deployments/x", api_version=V): chat completions are asked at the right path, but
#    models and batches below the deployment, where Azure has neither; with azure_endpoint= and azure_deployment=, which
#    give the same base_url, they are asked beside it.
#
# It installs the package into a temporary folder, asks a server on loopback, and ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.54.0
"$folder/venv/bin/python" - <<'PYTHON'
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from openai import AzureOpenAI, DefaultHttpxClient, OpenAI

BODY = {
    "id": "c", "object": "chat.completion", "model": "m", "created": 1, "data": [],
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}],
}  # fmt: skip
asked = []


class Host(BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked.append(self.path)
        body = json.dumps(BODY).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Host)
Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
common = {"api_key": "k", "max_retries": 0, "http_client": DefaultHttpxClient(trust_env=False)}


def paths(client):
    client.chat.completions.create(model="m", messages=[])
    client.models.list()
    client.batches.list()
    found, asked[:] = list(asked), []
    return found


V = "2024-10-21"
clients = {
    "OpenAI, query in base_url": OpenAI(base_url=f"{base}/openai/deployments/x?api-version={V}", **common),
    "AzureOpenAI, /openai/v1": AzureOpenAI(base_url=f"{base}/openai/v1", api_version="preview", **common),
    "AzureOpenAI, base_url": AzureOpenAI(base_url=f"{base}/openai/deployments/x", api_version=V, **common),
    "AzureOpenAI, endpoint": AzureOpenAI(azure_endpoint=base, azure_deployment="x", api_version=V, **common),
}
seen = {name: paths(client) for name, client in clients.items()}
server.shutdown()
for name, found in seen.items():
    print(name, *found, sep="\n    ")
query, deployment = f"?api-version={V}", "/openai/deployments/x"
sys.exit(
    seen
    != {
        "OpenAI, query in base_url": [
            f"{deployment}/{query}chat/completions",
            f"{deployment}/{query}models",
            f"{deployment}/{query}batches",
        ],
        "AzureOpenAI, /openai/v1": [
            "/openai/v1/deployments/m/chat/completions?api-version=preview",
            "/openai/v1/models?api-version=preview",
            "/openai/v1/batches?api-version=preview",
        ],
        "AzureOpenAI, base_url": [
            f"{deployment}/chat/completions{query}",
            f"{deployment}/models{query}",
            f"{deployment}/batches{query}",
        ],
        "AzureOpenAI, endpoint": [
            f"{deployment}/chat/completions{query}",
            f"/openai/models{query}",
            f"/openai/batches{query}",
        ],
    }
)
PYTHON
