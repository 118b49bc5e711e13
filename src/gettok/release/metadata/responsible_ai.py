"""The responsible-AI properties of Croissant, from the settings, the books and the provenance.

What these do not say, such as for which uses a dataset is meant, is left out.
"""

from collections.abc import Iterator
from typing import Any

from gettok.errors import REASONS, counted
from gettok.release.documents.collection_text import is_synthetic
from gettok.release.metadata.facts import Facts
from gettok.release.metadata.personal import personal_information
from gettok.release.metadata.schema_org import stated
from gettok.settings import Variable
from gettok.settings.query import Terms
from gettok.settings.roles import portable

#: The vocabulary's recommended values for how data are collected.
_TYPES = {
    "research_api": ["Web API", "User-generated content data"],
    "ids": ["Web API", "Secondary Data analysis", "User-generated content data"],
    "zeeschuimer": ["Passive Data Collection", "User-generated content data"],
}
_FOUND = {
    "research_api": "found by a query to TikTok's Research API",
    "ids": "looked up by a list of their ids in TikTok's Research API",
    "zeeschuimer": "captured in a browser with Zeeschuimer",
}
_MAX_DAYS = 10


def responsible_ai(facts: Facts) -> dict[str, Any]:
    """The properties that have a value; those about labels only where the release has some."""
    timeframe = facts.observed and [day.isoformat() for day in facts.observed]
    properties = {
        "dataCollection": _collection(facts),
        "dataCollectionType": _TYPES[facts.settings.source.kind],
        "dataCollectionRawData": _raw_data(facts),
        "dataCollectionTimeframe": timeframe,
        "dataCollectionTimeFrame": timeframe,  # as mlcroissant, and the specification outside its table, write it
        "dataCollectionMissingData": " ".join(_missing(facts)),
        "dataBiases": list(_biases(facts)),
        "dataLimitations": list(_limitations(facts)),
        "personalSensitiveInformation": personal_information(facts),
        "dataReleaseMaintenancePlan": _maintenance(facts),
        **(_about_labels(facts) if facts.has_labels else {}),
    }
    return {f"rai:{name}": value for name, value in stated(properties).items()}


def _about_labels(facts: Facts) -> dict[str, Any]:
    questions = facts.settings.codebook.variables.items()
    return {
        "dataPreprocessingProtocol": list(_preprocessing(facts)),
        "dataAnnotationProtocol": [_question(name, each, facts) for name, each in questions],
        "dataAnnotationAnalysis": list(_analysis(facts)),
        "annotationsPerItem": _per_video(facts),
        "machineAnnotationTools": list(_tools(facts)),
    }


def _per_video(facts: Facts) -> str:
    llm = facts.settings.llm
    models = counted(1 + len(llm.extra_models), "model")
    times = "once" if llm.votes == 1 else f"{llm.votes} times"
    return f"No label is by a person. Each question about a video is put to {models}, {times}."


def _collection(facts: Facts) -> str:
    study, source = facts.settings.study, facts.settings.source
    parts = [
        f"Videos published from {study.start} to {study.end} (UTC), {_FOUND[source.kind]}.",
        f"Query: {_query(facts)}." if source.kind == "research_api" else "",
        "TikTok is played by gettok's sandbox, so the videos are synthetic."
        if is_synthetic(facts.settings)
        else "",
        f"Media files were fetched by the backend {facts.settings.download.backend}.",
    ]
    return " ".join(filter(None, parts))


def _query(facts: Facts) -> str:
    """The query in words. Usernames are counted, not named, as they are people."""
    query = facts.settings.study.query
    if query.raw is not None:
        return "written as the API's JSON"
    groups = {"at least one of": query.any, "all of": query.all, "none of": query.none}
    return "; ".join(f"{which} {_terms(terms)}" for which, terms in groups.items() if terms.given())


def _terms(terms: Terms) -> str:
    return ", ".join(
        counted(len(values), "username") if name == "usernames" else f"{name} {', '.join(values)}"
        for name, values in terms.given().items()
    )


def _raw_data(facts: Facts) -> str:
    kind = facts.settings.source.kind
    pages = "Captured posts" if kind == "zeeschuimer" else "Pages of TikTok's Research API"
    return f"{pages}, media files, and the models' verbatim answers, none of which is in the release."


def _missing(facts: Facts) -> Iterator[str]:
    """How many videos have no result at a stage, and why; of the annotations, for each variable."""
    for stage, book in facts.books.items():
        for name, each in (book.variables or {"": book}).items():
            if each.unusable:
                reasons = "; ".join(
                    f"{REASONS.get(reason, reason)} ({count})"
                    for reason, count in sorted(each.unusable.items())
                )
                what = f"{stage} ({name})" if name else stage
                yield f"{what}: {each.asked - each.ok} of {each.asked} without a result: {reasons}."


def _preprocessing(facts: Facts) -> Iterator[str]:
    settings = facts.settings
    frames = settings.frames
    chosen = {
        "stride": f"one frame in {frames.stride}",
        "seconds": f"one frame in {frames.every_s:g} s",
        "scenes": "the first frame of each scene",
    }[frames.select]
    size = f"the longest edge reduced to {frames.longest_edge} pixels"
    yield f"Frames: {chosen}, at most {frames.max_frames} of a video, {size}."
    language = settings.asr.language or "detected for each segment"
    yield f"Speech: transcribed by {portable(settings.asr.model)} ({settings.asr.backend}); language {language}."
    if settings.ocr:
        yield f"Text on the screen: also read by the OCR backend {settings.ocr.backend}."


def _question(name: str, variable: Variable, facts: Facts) -> str:
    question = variable.question.replace("{target}", facts.settings.study.stance.target)
    labels = f" Labels: {', '.join(variable.label_names)}." if variable.label_names else ""
    return f"{name} ({variable.kind}): {question}{labels} Judged by {', '.join(variable.inputs)}."


def _analysis(facts: Facts) -> Iterator[str]:
    llm = facts.settings.llm
    if llm.votes > 1 or llm.extra_models:
        yield "Of the answers about a video, the most frequent value counts; the column `votes` has them all."
    if llm.votes > 1 or llm.extra_models or llm.confidence == "logprobs":
        yield f"The column `confidence` says how well a value is supported, measured by {llm.confidence}."
    if facts.settings.prompt_injection:
        yield "books.json has how often instructions in a video's texts or on its frames change its labels."


def _tools(facts: Facts) -> Iterator[str]:
    made = facts.provenance
    for table, models in made.get("models", {}).items():
        yield from (f"{model} (table {table})" for model in models)
    for model in made.get("speech_models", []):
        name = model["repository"] or portable(facts.settings.asr.model)
        revision = f" at {model['revision']}" if model["revision"] else ""
        yield f"{name}{revision} (transcripts; files with SHA-256 {model['sha256']})"
    yield from (f"{reader['name']} (OCR)" for reader in made.get("ocr_readers", []))


def _biases(facts: Facts) -> Iterator[str]:
    settings = facts.settings
    yield {
        "research_api": "Only videos that match the query are in the dataset: those about the same subject in other "
        "words are missing.",
        "ids": "The videos are those of a list of ids, with the selection that its makers chose.",
        "zeeschuimer": "The videos are those that TikTok showed to one browser, in an order chosen for its user.",
    }[settings.source.kind]
    yield "Videos that were removed or made private before they were collected are missing."
    if not facts.has_labels:
        return
    if settings.asr.language:
        yield f"All speech is transcribed as if it were in the language {settings.asr.language}."
    yield (
        "All labels and descriptions are by models, whose errors may depend on language, dialect or subject; "
        "this file has no measurement of their agreement with people."
    )


def _limitations(facts: Facts) -> Iterator[str]:
    if is_synthetic(facts.settings):
        yield "The videos are synthetic: results say nothing about TikTok or about people."
    if days := sorted(facts.uncovered):
        shown = ", ".join(days[:_MAX_DAYS]) + (", …" if len(days) > _MAX_DAYS else "")
        yield f"On {counted(len(days), 'day')} of the study, videos may be missing: {shown}."
    media = facts.books.get("download")
    if media and media.ok < media.asked:
        yield (
            f"{media.asked - media.ok} of {media.asked} videos have no media file, and so no transcript, frames or "
            "description."
        )


def _maintenance(facts: Facts) -> str | None:
    if not facts.withdrawn:
        return None
    return f"{counted(facts.withdrawn, 'video')} whose removal was asked for: left out of this release."
