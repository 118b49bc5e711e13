"""Delete a video's answers, so that they are asked for again."""

from collections.abc import Sequence

from gettok.books import STAGES
from gettok.errors import BadInput
from gettok.pipeline.runner import none_running
from gettok.pipeline.shards import forget
from gettok.store import AnswerRef, Store

#: Answers whose stage in the store is not the stage of the pipeline that asks for them.
_ASKED_BY = {"captions": "download", "ocr": "describe"}
_STAGES = {stage.name for stage in STAGES} | _ASKED_BY.keys()


def drop(store: Store, video_id: str, stages: Sequence[str]) -> list[AnswerRef]:
    """Delete the answers about a video, of all stages unless some are named; returns what they were."""
    with none_running(store.root):
        answers = _chosen(store.about(video_id) if video_id.isdecimal() else [], video_id, stages)
        forget(store.root, {answer.key for answer in answers})
        store.drop(answers)
    return answers


def stages_to_run(answers: Sequence[AnswerRef]) -> list[str]:
    """The stages that ask for such answers, in the order of the pipeline."""
    asked_by = {_ASKED_BY.get(answer.stage, answer.stage) for answer in answers}
    return [stage.name for stage in STAGES if stage.name in asked_by]


def _chosen(answers: Sequence[AnswerRef], video_id: str, stages: Sequence[str]) -> list[AnswerRef]:
    has = dict.fromkeys(answer.stage for answer in answers)
    if not has:
        raise _nothing(f"the store has no answer about a video {video_id!r}", "check the id of the video")
    unknown = [stage for stage in stages if stage not in has and stage not in _STAGES]
    if stages and (unknown or not has.keys() & set(stages)):
        raise _nothing(
            f"the store has no answer of a stage {(unknown or stages)[0]!r} about the video {video_id}",
            f"choose from {', '.join(has)}; videos with the same media or frames share the answers of one of them",
        )
    return [answer for answer in answers if not stages or answer.stage in stages]


def _nothing(what: str, can: str) -> BadInput:
    return BadInput(what, "deleted nothing", can)
