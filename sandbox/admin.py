"""The sandbox's own controls, under a path that no service uses; they are not in the request log."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sandbox.exchange import Reply, Request, json_reply
from sandbox.faults import FaultScript
from sandbox.profiles import switched
from sandbox.research_api.quota import Quota
from sandbox.world import World

PREFIX = "/__sandbox__/"


class Admin:
    """GET tells, POST changes; a POST answers what `health` would."""

    def __init__(self, world: World, quota: Quota) -> None:
        self._world = world
        self._quota = quota
        self._told: dict[str, Callable[[], Any]] = {
            "health": self._health,
            "quota": quota.told,
            "requests": world.log.entries,
            "switches": self._switches,
            "traffic": world.traffic.told,
        }
        self._changes: dict[str, Callable[[Any], None]] = {
            "clock": self._set_clock,
            "script": self._set_script,
            "switches": self._set_switches,
        }

    def answer(self, request: Request) -> Reply:
        name = request.path.removeprefix(PREFIX).strip("/")
        tell, change = self._told.get(name), self._changes.get(name)
        if request.method == "GET" and tell:
            return json_reply(200, tell())
        if request.method != "POST" or not change:
            return json_reply(404, {"error": f"no such control: {request.method} {name}"})
        try:
            change(json.loads(request.body))
        except (ValueError, TypeError, KeyError) as error:
            return json_reply(400, {"error": str(error)})
        return json_reply(200, self._health())

    def _health(self) -> dict[str, Any]:
        return {
            "ok": True,
            "now": self._world.clock.now().isoformat(),
            "quota_used": self._quota.used(),
            "faults_left": self._world.script.left(),
        }

    def _switches(self) -> dict[str, Any]:
        values = asdict(self._world.profile)
        return {
            name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()
        }

    def _set_clock(self, asked: dict[str, Any]) -> None:
        """Either `{"advance_s": seconds}` or `{"now": "2023-03-16T00:00:00Z"}`."""
        if "now" in asked:
            self._world.clock.set(datetime.fromisoformat(asked["now"]))
        else:
            self._world.clock.advance(float(asked["advance_s"]))

    def _set_script(self, lines: list[Any]) -> None:
        self._world.script = FaultScript(lines)

    def _set_switches(self, switches: dict[str, Any]) -> None:
        self._world.profile = switched(self._world.profile, switches)
