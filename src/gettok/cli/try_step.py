"""Run one step on files at hand and print its row as JSON, one line for each file."""

import json
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from gettok.annotate.inputs import AnnotationInputs
from gettok.annotate.step import AnnotateStep
from gettok.cli.compose import compose
from gettok.describe.inputs import DescribeInputs
from gettok.errors import REASONS, BadInput, Unusable
from gettok.frames import FramesStep
from gettok.media import MediaFile
from gettok.media.clip import CLIP_KINDS, ClipSource
from gettok.media.images import GivenPictures, Picture, Pictures
from gettok.media.probing import probe
from gettok.ocr.step import OcrStep
from gettok.pipeline.annotating import annotations, descriptions
from gettok.pipeline.endpoints import addresses, model_key
from gettok.pipeline.paths import store_root
from gettok.settings import Asr, Condition, Settings
from gettok.speech import TranscribeStep
from gettok.step import Row, Step

STEPS = ("probe", "frames", "transcribe", "ocr", "describe", "annotate")
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
        transcribe = _transcribe_step(settings.asr)
        yield lambda file: _ask(transcribe, MediaFile.of(file))[0]
    elif step == "ocr":
        ocr = _ocr_step(settings)
        yield lambda file: {"frames": _ask(ocr, _pictures(settings, file))}
    else:
        with addresses(settings.llm.base_url) as where:
            address = where.of(settings.llm.base_url, "model")
            yield _describe(settings, address) if step == "describe" else _annotate(settings, address)


def _ocr_step(settings: Settings) -> OcrStep:
    if settings.ocr is None:
        raise BadInput(
            "OCR is off in the settings", "did nothing", "choose one: `gettok try ocr FILE ocr=rapidocr`"
        )
    return OcrStep(settings.ocr)


def _describe(settings: Settings, address: str) -> Callable[[Path], Row]:
    step = descriptions.step_of(settings, address, model_key(settings.llm), store_root())
    step.open()
    return lambda file: _ask(step, _to_describe(settings, file))[0]


def _to_describe(settings: Settings, file: Path) -> DescribeInputs:
    sees = settings.llm.sees
    pictures = _pictures(settings, file) if "frames" in sees else None
    return DescribeInputs(pictures, _media(file, sees))


def _media(file: Path, wanted: Collection[str]) -> ClipSource | None:
    """The file as a source of video and sound, if either is wanted; a picture has neither."""
    if file.suffix in _PICTURES or not any(kind in wanted for kind in CLIP_KINDS):
        return None
    facts = probe(file)
    return ClipSource(
        MediaFile.of(file), facts.duration_s, has_video=True, has_sound=facts.audio_track is not None
    )


def _annotate(settings: Settings, address: str) -> Callable[[Path], Row]:
    """A row for each variable in the codebook's order, asked group by group as in a run."""
    steps = annotations.steps_of(settings, address, model_key(settings.llm), store_root())
    describe = _describe(settings, address)
    wanted = {name for step in steps for name in step.group.inputs}
    order = list(settings.codebook.variables)

    def annotated(file: Path) -> Row:
        given = _inputs(settings, file, wanted, describe)
        rows: list[Row] = []
        for step in steps:
            rows += _coded(step, given, rows)
        return {"variables": sorted(rows, key=lambda row: order.index(row["variable"]))}

    return annotated


def _inputs(
    settings: Settings, file: Path, wanted: Collection[str], describe: Callable[[Path], Row]
) -> AnnotationInputs:
    """A `.json` file has the inputs by name, a `.txt` file is a transcript; of media, what is wanted is made."""
    if file.suffix == ".json":
        return AnnotationInputs(pictures=None, **_texts_in(file))
    if file.suffix == ".txt":
        return AnnotationInputs(_read(file), None, None, None, None)
    seen = describe(file) if {"description", "on_screen_text"} & set(wanted) else {}
    is_spoken = "transcript" in wanted and file.suffix not in _PICTURES
    return AnnotationInputs(
        _transcript(settings, file) if is_spoken else None,
        seen.get("description"),
        seen.get("on_screen_text"),
        None,
        _pictures(settings, file) if "frames" in wanted else None,
        media=_media(file, wanted),
    )


def _coded(step: AnnotateStep, inputs: AnnotationInputs, others: Sequence[Row]) -> list[Row]:
    """A row for each variable of the group, also where it does not apply, or the inputs have nothing for it."""
    try:
        _refuse_unasked(step.group.condition, others)
        step.open()
        return _ask(step, inputs.only(step.group.inputs))
    except Unusable as error:
        problem = {"status": "unusable", "reason": error.reason, "detail": error.detail}
        return [{"variable": name, **problem} for name in step.group.variables]


def _refuse_unasked(condition: Condition | None, rows: Sequence[Row]) -> None:
    if condition is None:
        return
    (row,) = (row for row in rows if row["variable"] == condition.variable)
    if why_not := annotations.Judged.of(row).why_not_asked(condition):
        raise Unusable(why_not, REASONS[why_not])


def _texts_in(file: Path) -> dict[str, Any]:
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


@cache
def _transcribe_step(asr: Asr) -> TranscribeStep:
    """The step, opened; what a person should know about its model goes to stderr, once."""
    step = TranscribeStep(asr)
    step.open()
    if step.warning:
        typer.echo(f"gettok try: {step.warning}", err=True)
    return step


def _transcript(settings: Settings, file: Path) -> str | None:
    try:
        return str(_ask(_transcribe_step(settings.asr), MediaFile.of(file))[0]["text"])
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
    return _ask(step, MediaFile.of(file))


def _ask(step: Step[Any], content: Any) -> list[Row]:
    return step.read(step.ask(content))


def command(
    step: Annotated[str, typer.Argument(help="probe, frames, transcribe, ocr, describe or annotate.")],
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
