"""Run one step on files at hand and print its row as JSON, one line for each file."""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gettok.cli.compose import compose
from gettok.errors import BadInput, Unusable
from gettok.frames import FramesStep
from gettok.media import MediaFile, probe
from gettok.media.images import GivenPictures, Picture, Pictures
from gettok.ocr.step import OcrStep
from gettok.pipeline.annotating import descriptions, stances
from gettok.pipeline.endpoints import addresses, model_key
from gettok.pipeline.paths import store_root
from gettok.settings import Settings
from gettok.speech import TranscribeStep
from gettok.stance.step import StanceInputs
from gettok.step import Row, Step
from gettok.store.blobs import file_digest

STEPS = ("probe", "frames", "transcribe", "ocr", "describe", "stance")
_PICTURES = {".jpg", ".jpeg", ".png"}


def rows_for(step: str, files: Sequence[Path], overrides: Sequence[str]) -> Iterator[Row]:
    """One row for each file, with `file` and `status`, and `reason` where the file is unusable."""
    with tempfile.TemporaryDirectory() as folder:
        settings = compose(overrides, Path(folder) / "params.yaml")
    with _runner(step, settings) as run:
        for file in files:
            yield {"file": str(file), **_row(run, file)}


def as_line(row: Row) -> str:
    """A row as one line of JSON, with the number of bytes in place of bytes."""
    return json.dumps(row, ensure_ascii=False, default=lambda value: f"{len(value)} bytes")


def _row(run: Callable[[Path], Row], file: Path) -> Row:
    if not file.is_file():
        raise BadInput(f"{file} is not a file", "stopped before it", "give the path of a file that exists")
    try:
        return {"status": "ok", **run(file)}
    except Unusable as error:
        return {"status": "unusable", "reason": error.reason, "detail": error.detail, **error.row}


@contextmanager
def _runner(step: str, settings: Settings) -> Iterator[Callable[[Path], Row]]:
    if step == "probe":
        yield lambda file: asdict(probe(file))
    elif step == "frames":
        yield lambda file: {"frames": _frames(settings, file)}
    elif step == "transcribe":
        transcribe = TranscribeStep(settings.asr)
        transcribe.open()
        yield lambda file: _ask(transcribe, _media(file))[0]
    elif step == "ocr":
        ocr = _ocr_step(settings)
        yield lambda file: {"frames": _ask(ocr, _pictures(settings, file))}
    else:
        with addresses(settings.llm.base_url) as where:
            address = where.of(settings.llm.base_url, "model")
            yield _describe(settings, address) if step == "describe" else _stance(settings, address)


def _ocr_step(settings: Settings) -> OcrStep:
    if settings.ocr is None:
        raise BadInput(
            "OCR is off in the settings", "did nothing", "choose one: `gettok try ocr FILE ocr=rapidocr`"
        )
    return OcrStep(settings.ocr)


def _describe(settings: Settings, address: str) -> Callable[[Path], Row]:
    step = descriptions.step_of(settings, address, model_key(settings.llm), store_root())
    step.open()
    return lambda file: _ask(step, _pictures(settings, file))[0]


def _stance(settings: Settings, address: str) -> Callable[[Path], Row]:
    """A `.json` file has the inputs by name, a `.txt` file is a transcript; videos are transcribed and described."""
    step = stances.step_of(settings, address, model_key(settings.llm), store_root())
    step.open()
    describe = _describe(settings, address)

    def inputs(file: Path) -> StanceInputs:
        if file.suffix == ".json":
            return StanceInputs(**_texts_in(file), pictures=None)
        if file.suffix == ".txt":
            return StanceInputs(_read(file), None, None, None, None)
        row = describe(file)
        transcript = None if file.suffix in _PICTURES else _transcript(settings, file)
        return StanceInputs(
            transcript, row["description"], row["on_screen_text"], None, _pictures(settings, file)
        )

    return lambda file: _ask(step, inputs(file).only(settings.prompts.stance.inputs))[0]


def _texts_in(file: Path) -> dict[str, str | None]:
    """The inputs in the file, by name; null means that there is none."""
    try:
        inputs = json.loads(_read(file))
    except (ValueError, RecursionError) as error:
        raise _bad_inputs(file, f"is not valid JSON: {error}") from None
    if not isinstance(inputs, dict):
        raise _bad_inputs(file, "is not a JSON object")
    texts = {name: inputs.get(name) for name in ("transcript", "description", "on_screen_text", "caption")}
    for name, text in texts.items():
        if not isinstance(text, str | None):
            raise _bad_inputs(file, f"has a {name} that is not a text")
    return texts


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _bad_inputs(file, f"is not UTF-8: {error}") from None


def _bad_inputs(file: Path, wrong: str) -> BadInput:
    return BadInput(
        f"{file} {wrong}",
        "stopped before it was judged",
        'give a .txt with the transcript, or a .json such as {"transcript": "…", "caption": "…"}',
    )


def _transcript(settings: Settings, file: Path) -> str | None:
    step = TranscribeStep(settings.asr)
    step.open()
    try:
        return str(_ask(step, _media(file))[0]["text"])
    except Unusable:
        return None


def _pictures(settings: Settings, file: Path) -> Pictures:
    if file.suffix in _PICTURES:
        return GivenPictures((Picture(0, None, file.read_bytes()),))
    frames = _frames(settings, file)
    return GivenPictures(
        tuple(Picture(row["frame_index"], row["time_s"], row["image"]["bytes"]) for row in frames)
    )


def _frames(settings: Settings, file: Path) -> list[Row]:
    step = FramesStep(settings.frames)
    step.open()
    return _ask(step, _media(file))


def _media(file: Path) -> MediaFile:
    return MediaFile(str(file), file_digest(file))


def _ask(step: Step[Any], content: Any) -> list[Row]:
    return step.read(step.ask(content))


def command(
    step: Annotated[str, typer.Argument(help="probe, frames, transcribe, ocr, describe or stance.")],
    files: Annotated[
        list[str], typer.Argument(help="Files, and settings to override (key=value) among them.")
    ],
) -> None:
    if step not in STEPS:
        raise BadInput(f"there is no step {step!r}", "did nothing", f"choose one of {', '.join(STEPS)}")
    overrides = [given for given in files if "=" in given and not Path(given).exists()]
    paths = [Path(given) for given in files if given not in overrides]
    for row in rows_for(step, paths, overrides):
        typer.echo(as_line(row))
