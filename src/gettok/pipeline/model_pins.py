"""Remembers which files a model's name meant for the first answers, and notices when it means others."""

import json
from collections.abc import Mapping
from pathlib import Path

from gettok.errors import BadSettings
from gettok.models.hub import Model
from gettok.store.atomic_write import write_json


def refuse_changed(store: Path, name: str, model: Model, setting: str) -> None:
    """Raise `BadSettings` if a name on the hub has moved on to other files, since everything would be asked anew.

    A local folder may change, and so may a revision that the settings name: such a change is intended. `setting` is how
    the settings would name a commit, up to the commit itself.
    """
    if model.repository is None:
        return
    path = store / "models.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if model.is_pinned or name not in known:
        known[name] = model.identity
        write_json(path, known)
    elif known[name]["sha256"] != model.digest:
        raise _changed(known[name], model, name, setting)


def _changed(before: Mapping[str, str | None], now: Model, name: str, setting: str) -> BadSettings:
    return BadSettings(
        f"the model {name} is now revision {now.revision} of {now.repository}; "
        f"the transcripts so far were made with revision {before['revision']}",
        "stopped before the first video, since every video would be transcribed anew",
        f"set {setting}{before['revision']} to go on as before, or {setting}{now.revision} to take the new one",
    )
