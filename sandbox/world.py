"""The state that the services of the sandbox share."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.chance import Attempts
from sandbox.clock import VirtualClock
from sandbox.faults import FaultScript
from sandbox.model.prompt_cache import PromptCache
from sandbox.profiles import Profile
from sandbox.request_log import RequestLog
from sandbox.traffic import Traffic
from sandbox.videos import Corpus


@dataclass(slots=True)
class World:
    """One per server. `profile` and `script` are replaced as a whole, never changed in place."""

    corpus: Corpus
    profile: Profile = field(default_factory=Profile)
    clock: VirtualClock = field(default_factory=VirtualClock)
    script: FaultScript = field(default_factory=FaultScript)
    attempts: Attempts = field(default_factory=Attempts)
    log: RequestLog = field(default_factory=RequestLog)
    traffic: Traffic = field(default_factory=Traffic)
    prompt_cache: PromptCache = field(default_factory=PromptCache)
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set when the server stops, to end its background work."""
    base: str = ""
    """`http://127.0.0.1:PORT`, known once the port is."""


def world_of(folder: Path, profile: Profile, script: FaultScript, log: Path | None) -> World:
    return World(corpus=Corpus(folder), profile=profile, script=script, log=RequestLog(log))
