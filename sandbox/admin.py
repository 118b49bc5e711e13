"""The sandbox's controls, under a path that no service uses; the request log leaves them out."""

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
    """GET reads a state, POST changes one; a POST is answered as `GET health`."""

    def __init__(self, world: World, quota: Quota) -> None:
        self._world = world
        self._quota = quota
        self._states: dict[str, Callable[[], Any]] = {
            "health": self._health,
            "quota": quota.state,
            "requests": world.log.entries,
            "switches": self._switches,
            "traffic": world.traffic.totals,
        }
        self._changes: dict[str, Callable[[Any], None]] = {
            "clock": self._set_clock,
            "script": self._set_script,
            "switches": self._set_switches,
        }

    def answer(self, request: Request) -> Reply:
        name = request.path.removeprefix(PREFIX).strip("/")
        read, change = self._states.get(name), self._changes.get(name)
        if request.method == "GET" and read:
            return json_reply(200, read())
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
            "faults_left": self._world.script.lines_left(),
        }

    def _switches(self) -> dict[str, Any]:
        values = asdict(self._world.profile)
        return {
            name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()
        }

    def _set_clock(self, setting: dict[str, Any]) -> None:
        """Either `{"advance_s": seconds}` or `{"now": "2023-03-16T00:00:00Z"}`."""
        if "now" in setting:
            self._world.clock.set(datetime.fromisoformat(setting["now"]))
        else:
            self._world.clock.advance(float(setting["advance_s"]))

    def _set_script(self, lines: list[Any]) -> None:
        self._world.script = FaultScript(lines)

    def _set_switches(self, switches: dict[str, Any]) -> None:
        self._world.profile = switched(self._world.profile, switches)
