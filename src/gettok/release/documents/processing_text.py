"""What was made of the videos, and by which models, as a text for the datasheet and the methods."""

from collections.abc import Iterator, Mapping
from typing import Any

from gettok.annotate.group import Group
from gettok.errors import counted
from gettok.release.documents.rendering import code, listed, paragraphs, plain
from gettok.settings import Settings
from gettok.settings.roles import results_only
from gettok.step import Blob, Json, digest_of


def processing_text(settings: Settings, provenance: Mapping[str, Json]) -> str:
    """Files, frames, speech, descriptions, annotations and comparisons: settings and models, each with its revision."""
    # as the provenance has them: without the folders of this machine
    made = results_only(settings.model_dump(mode="json"))
    return paragraphs(
        (
            f"Media files were fetched with the backend {code(settings.download.backend)}. {_frames(settings)}",
            _speech(made["asr"], provenance.get("speech_models", [])),
            _described(settings, provenance),
            _annotated(settings, provenance),
            _variants(settings),
            _compared(made["embedder"], provenance.get("embedding_model")),
        )
    )


def _frames(settings: Settings) -> str:
    frames = settings.frames
    selected = {
        "stride": f"the first frame and every {_ordinal(frames.stride)} after it were taken",
        "seconds": f"the frame shown every {frames.every_s:g} s was taken",
        "scenes": f"the first frame of each scene was taken (PySceneDetect's content value {frames.scene_threshold:g})",
    }[frames.select]
    distinct = (
        f" A frame was kept if at least {frames.min_hash_distance} of 64 bits of its perceptual hash differ from those"
        " of the last kept one."
        if frames.min_hash_distance
        else ""
    )
    return (
        f"Of each video, {selected}, at most {counted(frames.max_frames, 'frame')}, decoded with"
        f" {code(frames.backend)} and scaled down to {frames.longest_edge} pixels on the longer edge.{distinct}"
    )


def _ordinal(number: int) -> str:
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def _speech(asr: Mapping[str, Any], models: list[dict[str, str | None]]) -> str:
    if not models:
        return "No speech was transcribed."
    language = (
        f"the language was set to {code(asr['language'])}"
        if asr["language"]
        else "each segment's language was detected"
    )
    used = [_speech_model(asr, model) for model in models]
    return (
        f"Speech was found with {code(asr['vad'])} and transcribed with {listed(used)}, run by"
        f" {code(asr['backend'])} with a beam of {asr['beam_size']}; {language}."
    )


def _speech_model(asr: Mapping[str, Any], model: Mapping[str, str | None]) -> str:
    revision = f"revision {code(model['revision'])}, " if model["revision"] else ""
    return (
        f"{code(model['repository'] or asr['model'])} ({revision}SHA-256 of its files {code(model['sha256'] or '')},"
        f" computed in {code(model['compute_type'] or '')})"
    )


def _described(settings: Settings, provenance: Mapping[str, Json]) -> str:
    llm, names = settings.llm, provenance["models"].get("descriptions", [])
    if not names:
        return "No descriptions were made."
    senses = {
        "frames": f"at most {counted(llm.max_frames, 'frame')}",
        "video": "the video",
        "sound": "its sound",
    }
    given = listed([senses[each] for each in llm.sees])
    return (
        f"Each video was described by {_models(names)} from {given} {_sampling(settings)}, with the prompt"
        f" {code(settings.prompts.describe.name)}. {_read(provenance.get('ocr_readers', []))}"
    )


def _models(names: list[str]) -> str:
    named = listed([code(name) for name in names])
    one = len(names) == 1
    return (
        f"the model {named} (as it names itself)" if one else f"the models {named} (as they name themselves)"
    )


def _sampling(settings: Settings) -> str:
    temperature = settings.llm.temperature
    return "at the host's default temperature" if temperature is None else f"at temperature {temperature:g}"


def _read(readers: list[dict[str, str]]) -> str:
    if not readers:
        return ""
    named = [f"{code(reader['name'])} (SHA-256 of its models {code(reader['sha256'])})" for reader in readers]
    return f"The same frames were read by OCR: {listed(named)}."


def _annotated(settings: Settings, provenance: Mapping[str, Json]) -> str:
    names = provenance["models"].get("annotations", [])
    codebook = settings.codebook
    if not names:
        return "No video was annotated."
    groups = counted(len(codebook.groups), "group")
    votes = counted(settings.llm.votes, "vote")
    variables = counted(len(codebook.variables), "variable")
    return (
        f"Each video was coded by {_models(names)} {_sampling(settings)}, with {variables} of the codebook"
        f" {code(codebook.name)} in {groups}, each of which is one call, and {votes} of each model. Where a variable is"
        f" judged by frames, the model got at most {counted(codebook.frames, 'frame')}. Labels were shown in up to"
        f" {counted(codebook.label_orders, 'order')}.{_cascade(settings)}"
    )


def _cascade(settings: Settings) -> str:
    cascade = settings.llm.cascade
    if cascade is None:
        return ""
    return (
        f" The model {plain(settings.llm.model)} was asked first, and {plain(cascade.model)} about the videos of which"
        " it was not sure enough; `provenance.json` has the thresholds and how many these were."
    )


def _variants(settings: Settings) -> str:
    if settings.prompt_injection is None:
        return ""
    return (
        f"To test how far instructions within a video change its labels, up to"
        f" {counted(settings.prompt_injection.videos, 'video')} of each variable were judged again with such an"
        " instruction inserted; the rates are in `books.json`."
    )


def _compared(embedder: Mapping[str, Any], model: Mapping[str, str | None] | None) -> str:
    by = (
        f"by the embeddings of {code(str(embedder['model']))} (revision {code(str(embedder['revision']))})"
        if model
        else "by their letters"
    )
    return f"Transcripts of different sources were compared by their words and {by}."


def prompts_text(settings: Settings) -> str:
    """The SHA-256 of each instruction as it was sent, before anything about a video, and of the codebook."""
    lines = [f"| {name} | `{digest}` |" for name, digest in _digests(settings)]
    return "\n".join(["| text | SHA-256 |", "|---|---|", *lines])


def _digests(settings: Settings) -> Iterator[tuple[str, str]]:
    prompts, codebook = settings.prompts, settings.codebook
    yield f"prompt {code(prompts.describe.name)} of the descriptions", _sha256(prompts.describe.text)
    for name, variables in codebook.groups.items():
        group = Group(name, variables, settings.study.stance.target, prompts.codebook.texts.get(name))
        yield f"prompt of the group {code(name)}", _sha256(group.instructions())
    yield (
        f"codebook {code(codebook.name)}",
        digest_of(results_only(codebook.model_dump(mode="json"), "codebook.")),
    )


def _sha256(text: str) -> str:
    return Blob.of_bytes(text.encode()).digest
