"""The threshold of a cascade is the smallest at which people's labels make the stated error certain."""

import pytest
from codebook_steps import LABELS, variable
from scipy.stats import beta

from gettok.annotate.cascade import Threshold, choose, is_kept, thresholds
from gettok.annotate.human_labels.reading import HumanLabel
from gettok.settings import Cascade, Prices

PRICES = Prices(input_usd_per_million=1.0, output_usd_per_million=1.0)


def cascade(error: float = 0.1, min_labels: int = 10) -> Cascade:
    return Cascade(model="large", prices=PRICES, error=error, min_labels=min_labels)


def judged(**counts: tuple[int, int]) -> list[tuple[float, bool]]:
    """Right and wrong answers by confidence: `at_90=(3, 1)`."""
    return [
        (int(name.removeprefix("at_")) / 100, is_wrong)
        for name, (right, wrong) in counts.items()
        for is_wrong in [False] * right + [True] * wrong
    ]


def test_the_smallest_confidence_with_a_certain_error_is_chosen():
    answers = judged(at_50=(10, 10), at_70=(60, 1), at_95=(60, 0))
    high = float(beta.ppf(0.975, 1 + 1, 121 - 1))  # the textbook's form of Clopper and Pearson's upper end
    assert choose(answers, cascade(0.05)) == Threshold(0.7, 141, 121, 1, round(high, 4))
    assert choose(answers, cascade(0.2)).value == 0.5
    assert choose(answers, cascade(0.04)) == Threshold(None, 141), (
        "60 answers without an error are not enough"
    )


def test_that_few_labels_are_all_right_is_not_enough():
    assert choose(judged(at_90=(20, 0)), cascade()) == Threshold(None, 20), "up to 17 % may be wrong"
    assert choose(judged(at_90=(36, 0)), cascade()).value == 0.9
    assert choose(judged(at_90=(36, 0)), cascade(min_labels=37)) == Threshold(None, 36)
    assert choose([], cascade(min_labels=1)) == Threshold(None, 0)


def row(video_id: str, label: str | None, confidence: float | None, **changes: object) -> dict[str, object]:
    given = {"video_id": video_id, "variable": "tone", "label": label, "confidence": confidence}
    return {**given, "reason": None, **changes}


def test_people_are_compared_by_their_majority_and_only_where_both_have_a_value():
    rows = [row(str(number), "support", 0.9) for number in range(71, 75)]
    rows += [row("75", None, None, reason="refused"), row("76", "support", None)]
    given = {"71": ["support"], "72": ["neutral", "neutral", "support"], "73": ["support", "neutral"]}
    given |= {"75": ["support"], "76": ["support"], "99": ["support"]}
    labels = [
        HumanLabel(1, video_id, str(coder), label, "tone")
        for video_id, of_video in given.items()
        for coder, label in enumerate(of_video)
    ]
    variables = {"tone": variable(labels=LABELS), "size": variable("number")}
    chosen = thresholds(rows, labels, variables, cascade(0.99, min_labels=1))
    assert list(chosen) == ["tone"], "a number has no threshold"
    assert (chosen["tone"].labelled, chosen["tone"].wrong) == (2, 1)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([row("71", "support", 0.8)], True),
        ([row("71", "support", 0.79)], False),
        ([row("71", None, None)], False),
        ([row("71", None, None, reason="not_applicable")], True),
        ([row("71", None, None, reason="refused")], False),
        ([row("71", "support", 0.8), row("71", None, None, variable="size")], True),
        ([row("71", "support", 0.8), row("71", "yes", 0.9, variable="call")], False),
    ],
)
def test_a_video_is_kept_if_each_of_its_labels_is_sure_enough(rows, kept):
    chosen = {"tone": Threshold(0.8, 50, 40, 0, 0.09), "call": Threshold(None, 50)}
    assert is_kept(rows, chosen) is kept
