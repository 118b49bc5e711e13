"""Remembers what a model's name meant when its first answers were made, and notices when it means something else."""

import json
from pathlib import Path

from gettok.models.hub import Model
from gettok.speech.models import changed
from gettok.store.atomic_write import write_json


def refuse_changed(store: Path, name: str, model: Model, setting: str) -> None:
    """Raise `BadSettings` if a name of the hub has moved on to other files, since everything would be asked anew.

    A folder of one's own may change, and so may a revision that the settings name: that was meant. `setting` is how
    they would name one, up to the commit.
    """
    if model.repository is None:
        return
    path = store / "models.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if model.is_pinned or name not in known:
        known[name] = model.identity
        write_json(path, known)
    elif known[name]["sha256"] != model.digest:
        raise changed(known[name], model, name, setting)
