"""Outputs as DVC leaves them after a run: in its cache, and recorded in `dvc.lock`. To start DVC takes seconds."""

import json
from pathlib import Path

import yaml

from gettok.pipeline.outputs import _folder_md5, _md5s


def record(stage: str, *outputs: Path) -> None:
    """Put outputs of one stage, folders or files, into DVC's cache, and record them as the only ones there are."""
    outs = [{"path": output.as_posix(), "md5": _cached(output)} for output in outputs]
    Path("dvc.lock").write_text(yaml.safe_dump({"stages": {stage: {"outs": outs}}}), "utf-8")


def _cached(output: Path) -> str:
    """The output's MD5, under which it is in DVC's cache now."""
    md5s = _md5s(output)
    objects = {md5: (output / name).read_bytes() for name, md5 in md5s.items()}
    if output.is_dir():
        listing = [{"md5": md5, "relpath": name} for name, md5 in sorted(md5s.items())]
        objects[_folder_md5(md5s)] = json.dumps(listing).encode()
    for md5, content in objects.items():
        path = Path(".dvc/cache/files/md5", md5[:2], md5[2:])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return _folder_md5(md5s) if output.is_dir() else md5s[""]
