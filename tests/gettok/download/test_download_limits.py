"""What counts in a row, what is tried again, and every limit of downloading at exactly its number."""

import json
from types import SimpleNamespace

import pytest
from download_corpus import settings

from gettok.download import DownloadStep
from gettok.download.backend import Attempt, DownloadResult, NoFile, NoPage, VideoLink
from gettok.download.breaker import Breaker
from gettok.download.captions import _segment, parse
from gettok.download.hosts import Site
from gettok.download.mute_files import NO_TRACK, SoundSearch, _others, _up_to_limit, with_sound_trouble
from gettok.download.pace import Pace
from gettok.download.page_parser import Address
from gettok.download.slideshow import SlideshowFetcher, slides_of
from gettok.download.step import pause_s
from gettok.download.web import ConnectionFault
from gettok.errors import NoSpace, NotNow, Unusable
from gettok.store.disk_space import require_space

PAGE = "https://www.tiktok.com/@a/video/1"
LINKS = [VideoLink(str(number), "a") for number in range(9)]
OBSTACLE = NoPage("unreadable", "a captcha")


class Recorder:
    """A breaker, what was recorded, and which videos it fetches again."""

    def __init__(self, again=None):
        self.breaker, self.again, self.refetched = Breaker(), again, []

    def refetch(self, link):
        self.refetched.append(link)
        return self.again

    def record(self, *troubles):
        for link, trouble in zip(LINKS, troubles, strict=False):
            self.breaker.record(link, trouble, self.refetch)


@pytest.mark.parametrize("between", [Unusable("private", "x"), Unusable("unreadable", "status 7")])
def test_only_five_obstacles_in_a_row_open_the_breaker(between):
    recorder = Recorder()
    for _ in range(3):
        recorder.record(*[OBSTACLE] * 4, between)
    recorder.record(*[OBSTACLE] * 4)
    with pytest.raises(NotNow, match="5 pages in a row"):
        recorder.record(OBSTACLE)
    for _ in range(2):
        with pytest.raises(NotNow, match="the last: a captcha"):
            recorder.breaker.check()


@pytest.mark.parametrize("again", [None, Unusable("removed", "x"), Unusable("unreachable", "x")])
def test_before_it_opens_the_video_that_was_fetched_last_is_fetched_again(again):
    recorder = Recorder(again)
    recorder.record(None, None, *[OBSTACLE] * 4)
    assert recorder.refetched == []
    recorder.record(OBSTACLE)
    assert recorder.refetched == [LINKS[1]]
    recorder.record(*[OBSTACLE] * 4)
    assert recorder.refetched == [LINKS[1]]
    recorder.record(OBSTACLE)
    assert recorder.refetched == [LINKS[1]] * 2


def test_it_opens_if_that_video_meets_an_obstacle_too():
    recorder = Recorder(OBSTACLE)
    with pytest.raises(NotNow):
        recorder.record(None, *[OBSTACLE] * 5)
    assert recorder.refetched == [LINKS[0]]


BEST = Address("https://v16.tiktokcdn.com/a", "h264", 100, 100, 9, 1000, "bitrateInfo")


def other(**changes):
    return Address(**{**vars(BEST), **changes})


def test_of_seven_other_files_the_first_four_and_the_last_are_tried():
    files = [[other(size=number)] for number in range(7)]
    assert _up_to_limit(files) == [*files[:4], files[6]]
    assert _up_to_limit(files[:6]) == [*files[:4], files[5]]
    assert _up_to_limit(files[:5]) == files[:5]


def test_another_file_is_neither_the_one_that_came_nor_one_of_its_size():
    mirror, smaller, unknown = other(url="https://x/b"), other(width=90, size=900), other(width=80, size=None)
    same_size = other(width=70)
    assert _others([BEST, mirror, smaller, unknown], BEST, 5) == [[smaller], [unknown]]
    assert _others([BEST, same_size, smaller, unknown], None, 1000) == [[smaller], [unknown]]


@pytest.mark.parametrize("count", [200, 201])
def test_a_slideshow_has_at_most_two_hundred_photos(count):
    images = [{"imageURL": {"urlList": ["https://p16.tiktokcdn.com/a"]}}] * count
    video = {"imagePost": {"images": images}}
    if count == 200:
        slides = slides_of(video, PAGE)
        assert slides is not None
        assert len(slides.photos) == 200
    else:
        with pytest.raises(Unusable, match="too_large"):
            slides_of(video, PAGE)


def test_a_hold_never_shortens_another():
    pace = Pace(0, lambda _: None)
    pace.hold("a", {"Retry-After": "90"})
    pace.hold("a", {"Retry-After": "5"})
    assert pace.wait("a") == pytest.approx(90, abs=1)
    assert pace.wait("b") == 0


def test_pauses_between_attempts_double_from_two_up_to_half_a_minute():
    for number, most in enumerate([2, 4, 8, 16, 30, 30]):
        pauses = [pause_s(number) for _ in range(300)]
        assert most / 2 <= min(pauses) < 0.6 * most
        assert 0.9 * most < max(pauses) <= most


def test_exactly_as_much_space_as_is_needed_is_enough(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=5000, free=1000))
    with require_space(tmp_path, 400, 600):
        pass
    with pytest.raises(NoSpace), require_space(tmp_path, 401, 600):
        pass


TIKTOKS = [
    "tiktok.com",
    "www.tiktok.com",
    "v16.tiktokcdn.com",
    "v16.tiktokcdn-us.com",
    "a.tiktokv.com",
    "a.tiktokv.us",
    "a.tiktokv.eu",
    "a.ibytedtos.com",
    "a.byteoversea.com",
    "p16.muscdn.com",
    "v16-tiktokcdn-com.akamaized.net",
]
OTHERS = [
    "example.com",
    "mytiktok.com",
    "tiktok.com.example",
    "a.tiktokv.ru",
    "tiktokcdn-1.com",
    "akamaized.net",
]


def test_every_host_of_tiktok_may_be_asked_and_no_other():
    site = Site("https://www.tiktok.com")
    for name in TIKTOKS:
        assert site.objection(f"https://{name}/a") is None
        assert site.may_resolve(name.upper())
    for name in OTHERS:
        assert site.objection(f"https://{name}/a") is not None
        assert not site.may_resolve(name)


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("https://www.tiktok.com:443/a", False),
        ("https://www.tiktok.com:444/a", True),
        ("https://www.tiktok.com:80/a", True),
        ("http://www.tiktok.com/a", True),
        ("https://user@www.tiktok.com/a", True),
        ("https://www.tiktok.com:99999/a", True),
    ],
)
def test_only_https_on_its_own_port_and_without_a_name_may_be_asked(url, is_refused):
    assert (Site("https://www.tiktok.com").objection(url) is not None) is is_refused


@pytest.mark.parametrize(
    ("address", "port", "may"),
    [
        ("8.8.8.8", 443, True),
        ("8.8.8.8", 80, False),
        ("10.0.0.1", 443, False),
        ("127.0.0.1", 443, False),
        ("2606:4700::1", 443, True),
        ("fe80::1%eth0", 443, False),
    ],
)
def test_only_public_addresses_on_the_port_of_https_may_be_connected_to(address, port, may):
    assert Site("https://www.tiktok.com").may_connect(address, port) is may


def test_the_loopback_server_may_be_connected_to_on_its_own_port_alone():
    site = Site("http://127.0.0.1:8000/www.tiktok.com")
    assert [site.may_connect("127.0.0.1", port) for port in (8000, 443)] == [True, False]
    assert not site.may_connect("8.8.8.8", 8000)


@pytest.mark.parametrize(
    ("kind", "has_audio", "given", "trouble"),
    [
        ("video", False, None, NO_TRACK),
        ("video", True, None, None),
        ("slideshow", False, None, None),
        ("video", False, "why", "why"),
        ("slideshow", True, "why", "why"),
    ],
)
def test_only_a_video_without_sound_has_a_trouble_of_its_own(kind, has_audio, given, trouble):
    facts = SimpleNamespace(kind=kind, has_audio=has_audio)
    for chosen in (None, {"codec": "h264"}):
        found = with_sound_trouble(DownloadResult(facts, {}, chosen=chosen), given)
        assert found.chosen == {**(chosen or {}), "sound_trouble": trouble}


@pytest.mark.parametrize(
    ("trouble", "number", "most", "is_raised"),
    [
        (ConnectionFault("unreachable", "x"), 0, 2, True),
        (ConnectionFault("unreachable", "x"), 0, 1, False),
        (ConnectionFault("unreachable", "x"), 1, 3, False),
        (Unusable("unreachable", "x"), 0, 2, False),
    ],
)
def test_a_connection_that_fails_for_the_sound_is_worth_one_more_attempt(trouble, number, most, is_raised):
    visit = SimpleNamespace(download=settings(max_attempts=most))
    search = SoundSearch(visit, PAGE, Attempt(number, 0))
    if is_raised:
        with pytest.raises(Unusable, match="unreachable: another file, for the sound: x"):
            search._raise_if_worth_another_attempt(trouble)
    else:
        search._raise_if_worth_another_attempt(trouble)


@pytest.mark.parametrize(
    ("cue", "segment"),
    [
        ((1, 2.5, "a"), (1.0, 2.5, "a")),
        ((1.00049, 1.0006, "a"), (1.0, 1.001, "a")),
        ((-1, 2, "a"), (0.0, 2.0, "a")),
        ((5, 2, "a"), (5.0, 5.0, "a")),
        ((999_999, 999_999, "a"), (999_999.0, 999_999.0, "a")),
        ((0, 1_000_000, "a"), None),
        ((-1_000_000, 0, "a"), None),
        ((0, float("inf"), "a"), None),
        ((0, float("nan"), "a"), None),
        ((0, "1", "a"), None),
        ((None, 1, "a"), None),
        ((True, 1, "a"), None),
        ((0, 1, " \n"), None),
        ((0, 1, 7), None),
        ((0, 1, None), None),
        ((0, 1, " a \0\n b &amp;c"), (0.0, 1.0, "a b &c")),
    ],
)
def test_a_cue_has_words_and_times_that_a_video_can_have(cue, segment):
    found = _segment(*cue)
    assert (found and tuple(found.values())) == segment


def test_captions_are_in_order_of_their_beginning_and_then_of_their_end():
    times = [(2, 3), (1, 4), (1, 2)]
    lines = [{"start_time": 1000 * a, "end_time": 1000 * b, "text": f"{a}{b}"} for a, b in times]
    found = parse(json.dumps({"utterances": lines}).encode(), "creator_caption")
    assert [segment["text"] for segment in found] == ["12", "14", "23"]


@pytest.mark.parametrize(
    ("number", "damaged", "trouble", "may"),
    [
        (0, 0, NoFile("no_address", "x"), True),
        (0, 1, NoFile("no_address", "x"), False),
        (1, 0, NoFile("no_address", "x"), True),
        (2, 0, NoFile("no_address", "x"), False),
        (0, 0, Unusable("unreachable", "x"), True),
        (0, 1, Unusable("unreadable", "x"), True),
        (2, 0, Unusable("unreachable", "x"), False),
        (0, 0, Unusable("not_a_video", "x"), False),
        (0, 0, Unusable("no_address", "x"), False),
    ],
)
def test_a_sound_of_a_slideshow_may_come_with_another_visit(tmp_path, number, damaged, trouble, may):
    visit = SimpleNamespace(download=settings(max_attempts=3))
    fetcher = SlideshowFetcher(visit, PAGE, tmp_path)
    assert fetcher._may_succeed_later(trouble, Attempt(number, damaged)) is may


class Failing:
    """A backend that fails for these reasons, one after the other, and then succeeds."""

    def __init__(self, *troubles):
        self.troubles, self.attempts = [*troubles], []

    def fetch(self, _link, _to, attempt):
        self.attempts.append(attempt)
        if self.troubles:
            raise self.troubles.pop(0)
        return "fetched"


GONE, CUT, DOWN, PRIVATE = (
    NoFile("no_address", "x"),
    Unusable("truncated", "x"),
    Unusable("unreachable", "x"),
    Unusable("private", "x"),
)


@pytest.mark.parametrize(
    ("troubles", "most", "outcome", "attempts"),
    [
        ([], 4, "fetched", ([0], 0)),
        ([CUT], 4, "fetched", ([0, 1], 0)),
        ([CUT, CUT], 4, "truncated", ([0, 1], 0)),
        ([GONE], 4, "fetched", ([0, 1], 0)),
        ([GONE, GONE], 4, "no_address", ([0, 1], 0)),
        ([GONE, CUT], 4, "fetched", ([0, 1, 2], 0)),
        ([CUT, GONE, CUT], 4, "truncated", ([0, 1, 2], 0)),
        ([CUT, DOWN, CUT], 4, "truncated", ([0, 1, 1], 1)),
        ([DOWN, DOWN, DOWN], 4, "fetched", ([0, 0, 0, 0], 3)),
        ([DOWN, DOWN, DOWN, DOWN], 4, "unreachable", ([0, 0, 0, 0], 3)),
        ([PRIVATE], 4, "private", ([0], 0)),
        ([GONE], 1, "unreachable", ([0], 0)),
        ([CUT], 1, "truncated", ([0], 0)),
        ([DOWN, GONE], 2, "unreachable", ([0, 0], 1)),
    ],
)
def test_a_damaged_or_missing_file_is_a_fact_the_second_time_and_trouble_is_waited_out(
    tmp_path, troubles, most, outcome, attempts
):
    waits, (damaged, pauses) = [], attempts
    step = DownloadStep(settings(max_attempts=most), "s", "https://www.tiktok.com", tmp_path, waits.append)
    backend = Failing(*troubles)
    vars(step)["_backend"] = backend
    if outcome == "fetched":
        assert step._fetch(LINKS[0], tmp_path) == "fetched"
    else:
        with pytest.raises(Unusable, match=f"^{outcome}"):
            step._fetch(LINKS[0], tmp_path)
    assert [attempt.damaged for attempt in backend.attempts] == damaged
    assert [attempt.number for attempt in backend.attempts] == list(range(len(damaged)))
    assert len(waits) == pauses
