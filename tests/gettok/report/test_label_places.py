"""Position bias is found where a model has it, and not found where labels alone differ in frequency."""

import random
from dataclasses import replace

import pytest
from small_study import COMPARISON, LABELS, STUDY, study_of

from gettok.report.index_page import html
from gettok.report.label_places import ANY, LabelPlaces, label_places
from gettok.report.metrics import plots
from gettok.tables import ANNOTATIONS


def coded(orders: int, first: float, videos: int = 600):
    """A study of a model that takes the label shown first in this share of videos, else mostly the third label."""
    dice = random.Random(7)
    rows = []
    for number in range(videos):
        order = dice.randrange(orders)
        label = LABELS[order % 3] if dice.random() < first else dice.choices(LABELS, (1, 2, 7))[0]
        row = {"video_id": str(number), "variable": "stance", "label": label, "label_order": order}
        rows.append({**row, "status": "ok"})
    return replace(study_of(9), annotations=ANNOTATIONS.frame(rows))


@pytest.mark.parametrize("orders", [3, 6, 4])
def test_a_model_without_position_bias_shows_none_however_frequent_its_labels_are(orders):
    """With four orders, one of the three labels is first twice as often."""
    places = label_places(coded(orders, 0.0))["stance"]
    assert not places.is_biased
    assert sum(place.count for place in places.chosen) == 600
    assert sum(places.expected) == pytest.approx(1, abs=1e-3)


def test_a_model_that_prefers_the_first_label_is_found():
    places = label_places(coded(6, 0.25))["stance"]
    assert places.is_biased
    assert places.chosen[0].low > places.expected[0] > places.chosen[2].high
    for of_label in places.labels.values():
        assert of_label[0].value > of_label[1].value


def test_in_one_order_there_is_nothing_to_compare():
    assert label_places(coded(1, 1.0)) == {}
    assert label_places(study_of(9)) == {}, "a table from before orders were written down"


def test_the_page_and_the_plots_have_every_label_in_each_place():
    tables = coded(6, 0.25, videos=60)
    found = label_places(tables)["stance"]
    frame = plots(tables, STUDY)["labels_by_place.csv"]
    assert frame.height == 4 * 3
    first = frame.filter(label=ANY, place=1).row(0, named=True)
    assert (first["videos"], first["share of videos"]) == (60, found.chosen[0].value)
    assert isinstance(found, LabelPlaces)
    text = html(tables, STUDY, COMPARISON, {})
    assert "By the place in which a label was shown" in text
    assert "the order of labels matters to this model" in text
