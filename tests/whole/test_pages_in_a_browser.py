"""Our pages as a reader sees them, in Chromium: on a desk and on a phone, in light and dark, without the internet.

The pictures of all pages are in the folder `screens` of pytest's temporary folder.
"""

import base64
import re
from collections.abc import Iterator

import pytest
from opened_page import Opened, opened, shaded

from docs.site.browser import chromium
from gettok.tables import PAIRS, VIDEOS

pytestmark = pytest.mark.slow

DESK, PHONE = 1280, 390
PAGES = ("report", "video", "differences", "multiverse")
VIEWS = [(name, width, scheme) for name in PAGES for width in (DESK, PHONE) for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def study(finished, tmp_path_factory):
    """The finished run, with a second specification beside it."""
    study = finished.copy(tmp_path_factory.mktemp("study") / "repo")
    study.dvc("exp", "run", "--temp", "-S", "prompts/codebook=paper")
    study.run("gettok", "multiverse")
    video_id = PAIRS.read(study.data / "comparison" / "pairs")["video_id"][0]
    study.run("gettok", "show", video_id, "--html", "video.html")
    study.run("gettok", "differences", video_id, "--out", "differences.html")
    study.dvc("plots", "show")
    return study


@pytest.fixture(scope="module")
def pages(study):
    return {
        "report": study.data / "report" / "index.html",
        "video": study.folder / "video.html",
        "differences": study.folder / "differences.html",
        "multiverse": study.data / "multiverse" / "index.html",
        "plots": study.folder / "dvc_plots" / "index.html",
    }


@pytest.fixture(scope="module")
def screens(tmp_path_factory):
    return tmp_path_factory.mktemp("screens")


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: "-".join(map(str, view)))
def view(request, browser, pages, screens) -> Iterator[Opened]:
    name, width, scheme = request.param
    with opened(browser, pages[name], width, scheme) as view:
        view.page.screenshot(path=screens / f"{name}-{width}-{scheme}.png", full_page=True)
        yield view


@pytest.fixture(params=[DESK, PHONE])
def report(request, browser, pages) -> Iterator[Opened]:
    with opened(browser, pages["report"], request.param, "light") as report:
        yield report


def test_a_page_asks_for_nothing_and_has_no_errors(view):
    assert [request for request in view.requests if not request.startswith("data:")] == [view.page.url]
    assert view.errors == []


def test_a_page_is_as_wide_as_the_window(view):
    assert view.page.evaluate("document.documentElement.scrollWidth") <= view.width


def test_every_word_is_whole_and_readable_and_every_image_is_shown(view):
    assert view.faults() == {}


def test_where_a_table_or_figure_goes_on_sideways_its_edge_is_shaded(view):
    for part in view.wider_than_shown():
        assert shaded(part) == (False, True)
        part.evaluate("part => { part.scrollLeft = part.scrollWidth }")
        assert shaded(part) == (True, False)
    assert view.page.locator(".wide").count() > 0 or "report" not in view.page.url


def test_on_a_phone_the_figures_go_on_sideways_and_their_words_can_be_read(browser, pages):
    with opened(browser, pages["report"], PHONE, "light") as view:
        assert len(view.wider_than_shown()) > view.page.locator(".chart").count() > 0
        for chart in view.page.locator(".chart").all():
            svg = base64.b64decode(chart.get_attribute("src").partition("base64,")[2]).decode()
            drawn_width = float(re.search(r'viewBox="0 0 ([\d.]+) ', svg)[1])
            smallest = min(float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg))
            assert smallest * chart.bounding_box()["width"] / drawn_width >= 10


def test_on_paper_every_figure_is_whole(browser, pages):
    a4_within_margins = 640
    with opened(browser, pages["report"], a4_within_margins, "light") as view:
        view.page.emulate_media(media="print")
        widths = [chart.bounding_box()["width"] for chart in view.page.locator(".chart").all()]
        assert max(widths) <= a4_within_margins


@pytest.mark.parametrize("number", [2, 3, 4])
def test_every_word_and_mark_of_a_figure_is_within_it(browser, pages, number):
    figure = pages["report"].parent / "figures" / f"figure_{number}.svg"
    with opened(browser, figure, DESK, "light") as view:
        assert view.page.locator("text").count() > 5
        assert view.page.evaluate(CUT) == []


#: Words that leave the figure, and marks that leave the part of it to which they are clipped.
CUT = """() => {
  const within = (inner, outer) => inner.left >= outer.left - 0.5 && inner.right <= outer.right + 0.5
    && inner.top >= outer.top - 0.5 && inner.bottom <= outer.bottom + 0.5;
  const svg = document.documentElement;
  const clip = (mark) => {
    const id = mark.closest("[clip-path]").getAttribute("clip-path").match(/#([^)]*)/)[1];
    const {x, y, width, height} = document.getElementById(id).firstElementChild.getBBox();
    const matrix = svg.getScreenCTM();
    const [from, to] = [new DOMPoint(x, y), new DOMPoint(x + width, y + height)].map(p => p.matrixTransform(matrix));
    return {left: from.x, top: from.y, right: to.x, bottom: to.y};
  };
  const box = (element) => element.getBoundingClientRect();
  const words = [...document.querySelectorAll("text")].filter(text => !within(box(text), box(svg)));
  const marks = [...document.querySelectorAll("[clip-path] use")].filter(mark => !within(box(mark), clip(mark)));
  return [...words.map(word => word.textContent), ...marks.map(mark => `mark at ${mark.getAttribute("x")}`)];
}"""


def test_the_sums_that_a_reader_checks_are_right(report, study):
    books = report.rows(".books")
    assert [row[0] for row in books][:3] == ["collect", "tabulate", "download"]
    for stage, asked, ok, unusable, why in books:
        reasons = [int(count) for count in re.findall(r"(?m)^(\d+) ", why)]
        assert int(asked) == int(ok) + int(unusable), stage
        assert int(unusable) == sum(reasons), stage
    asked = {stage: int(count) for stage, count, *_ in books}
    sums = report.terms("[aria-labelledby=variable_stance] .sums >> nth=0")
    shares = report.rows("[aria-labelledby=variable_stance] table >> nth=0")
    assert sums["videos"] == asked["annotate"]
    assert sum(int(count) for _, count, *_ in shares) == sums["with a value"] > 0
    matrix = report.rows("[aria-labelledby=variable_stance] .matrix")
    *labels, total = [[int(count) for count in counts] for _, *counts in matrix]
    assert [sum(column) for column in zip(*labels, strict=True)] == total
    assert all(sum(counts[:-1]) == counts[-1] for counts in labels)
    numbers = report.rows("[aria-labelledby=transcripts] table >> nth=0")[:4]
    videos = VIDEOS.read(study.data / "videos").height
    for pair in range(1, len(numbers[0])):
        assert sum(int(row[pair]) for row in numbers) == videos


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_page_of_plots_draws_every_plot_without_the_internet(browser, pages, screens, width):
    with opened(browser, pages["plots"], width, "light") as view:
        plots = view.page.locator("body > .vega-embed svg.marks")
        plots.nth(3).wait_for()
        view.page.screenshot(path=screens / f"plots-{width}.png", full_page=True)
        assert plots.count() == 4
        for plot in plots.all():
            assert plot.locator(".role-mark path").count() > 2
        assert (view.requests, view.errors) == ([view.page.url], [])
        assert view.page.evaluate("document.documentElement.scrollWidth") <= width
