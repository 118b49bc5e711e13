"""Access tokens of the Research API."""

import base64
import hashlib
import hmac
import threading
from collections import Counter
from urllib.parse import parse_qs

from sandbox.exchange import Reply, Request, json_reply
from sandbox.world import World

CLIENT_KEY = CLIENT_SECRET = "sandbox"  # noqa: S105 - not a secret: only the sandbox accepts it
PREFIX = "clt."


class AccessTokens:
    """A token contains its time, its number and a signature, so a restarted server accepts earlier tokens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._uses: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Reply:
        """The token endpoint; its errors are flat, without the envelope of the other endpoints."""
        form = {
            name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()
        }
        for name in ("client_key", "client_secret", "grant_type"):
            if not form.get(name):
                words = name.replace("_", " ").capitalize()
                return self._refused(request, "invalid_request", f"{words} is missed in request.")
        if form["grant_type"] != "client_credentials":
            return self._refused(request, "unsupported_grant_type", "Grant type is not supported.")
        if (form["client_key"], form["client_secret"]) != (CLIENT_KEY, CLIENT_SECRET):
            return self._refused(request, "invalid_client", "Client key or secret is incorrect.")
        ttl = self._world.profile.token_ttl_s
        return json_reply(200, {"access_token": self._issue(), "expires_in": ttl, "token_type": "Bearer"})

    def is_valid(self, authorization: str) -> bool:
        """A token is valid until it expires or is used up; the scheme may be in any letter case."""
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not token.startswith(PREFIX):
            return False
        try:
            raw = base64.urlsafe_b64decode(token.removeprefix(PREFIX))
        except ValueError:
            return False
        if not hmac.compare_digest(raw[12:], self._sign(raw[:12])):
            return False
        age = self._world.clock.timestamp() - int.from_bytes(raw[:8])
        return age < self._world.profile.token_ttl_s and not self._is_used_up(token)

    def _is_used_up(self, token: str) -> bool:
        limit = self._world.profile.revoke_after
        with self._lock:
            self._uses[token] += 1
            return limit is not None and self._uses[token] > limit

    def _issue(self) -> str:
        issued_at = self._world.clock.timestamp().to_bytes(8)
        number = self._world.attempts.next("token").to_bytes(4)
        return PREFIX + base64.urlsafe_b64encode(issued_at + number + self._sign(issued_at + number)).decode()

    def _sign(self, stamp: bytes) -> bytes:
        return hmac.digest(self._world.profile.seed.encode(), stamp, hashlib.sha256)[:16]

    def _refused(self, request: Request, error: str, description: str) -> Reply:
        default = 401 if error == "invalid_client" else 400
        log_id = self._world.clock.log_id(request.digest)
        body = {"error": error, "error_description": description, "log_id": log_id}
        return json_reply(self._world.profile.oauth_error_status or default, body)
