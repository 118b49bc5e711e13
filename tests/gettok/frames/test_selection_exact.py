"""Which pictures are chosen and decoded, at the very edges of what each is shown for; from tables without a file."""

from fractions import Fraction
from types import SimpleNamespace

import pytest

from gettok.errors import Unusable
from gettok.frames.backend import Untrusted, batches, check_time
from gettok.frames.backends.pyav import _segments
from gettok.frames.extraction import _distinct
from gettok.frames.jpeg import Encoder, Jpeg
from gettok.frames.selection import _on_screen, _small_size, select_pictures
from gettok.frames.timetable import Timetable, _is_of_lowest_layer, _Read
from gettok.settings import Frames

MS = Fraction(1, 1000)


def table(*times, end=None, zero=0, order=None, keys=(0,)):
    return Timetable(
        times,
        end=times[-1] + 40 if end is None else end,
        unit=MS,
        zero=zero * MS,
        order=times if order is None else order,
        key_positions=keys,
        is_plain=True,
        may_seek=True,
        pixels=100,
        may_skip=False,
    )


def on_screen(timetable, every_s):
    return list(_on_screen(timetable, Fraction(every_s)))


@pytest.mark.parametrize(
    ("timetable", "every_s", "due"),
    [
        # the last moment is inside the last picture, or just not
        (table(0, 1000, 2000, end=2001), "2", [0, 2]),
        (table(0, 1000, 2000, end=2000), "2", [0, 2]),
        (table(0, 1000, 1999, end=2000), "2", [0]),
        (table(0, 1000, 1999, end=2001), "2", [0, 2]),
        # a moment exactly at a picture's time shows that picture
        (table(0, 1000, 2000), "1", [0, 1, 2]),
        (table(0, 1001, 2001), "1", [0, 1]),
        (table(0, 999, 1999), "1", [0, 1, 2]),
        # a picture that is shown for several moments comes once, and the next moment after it is found
        (table(0, 3500, 3900, end=4001), "1", [0, 2]),
        (table(0, 3500, 3900, end=4000), "1", [0]),
        (table(0, 3000, 3900), "1", [0, 1]),
        (table(0, 500, 3000), "1", [0, 1, 2]),
        # the clock begins before the first picture
        (table(1500, 2500, zero=0), "1", [0]),
        (table(1500, 2500, zero=500), "1", [0, 1]),
        (table(1500, 2500, 2600, zero=600), "1", [0, 2]),
        (table(1500, 1600, zero=0), "2", [0]),
        (table(0, 1000, 2000, end=2000), "2.001", [0]),
        (table(0), "1", [0]),
        (table(0, end=0), "1", [0]),
    ],
)
def test_at_each_moment_the_picture_on_screen_is_chosen(timetable, every_s, due):
    assert on_screen(timetable, every_s) == due


def test_a_stride_is_counted_from_the_first_picture_to_the_last(params):
    settings = Frames.model_validate(params["frames"] | {"select": "stride", "stride": 3})
    for count, due in ((6, [0, 3]), (7, [0, 3, 6]), (1, [0])):
        assert list(select_pictures(None, table(*range(count)), settings)) == due


# --- the timetable ------------------------------------------------------------------------------------------------


def packet(pts, duration=40, *, key=False, hidden=False):
    codec = SimpleNamespace(name="h264")
    return SimpleNamespace(
        pts=pts,
        duration=duration,
        size=1,
        is_keyframe=key,
        is_discard=hidden,
        stream=SimpleNamespace(codec_context=codec),
    )


def read(*packets, codec="h264", zero=None):
    made = _Read(codec)
    for each in packets:
        made.add(each)
    return made.timetable(MS, zero, 100)


def test_with_b_frames_the_last_picture_ends_the_video_though_another_comes_later_in_the_file():
    found = read(packet(0, key=True), packet(120, 50), packet(40, 7), packet(80, 99))
    assert (list(found.times), found.end) == ([0, 40, 80, 120], 170)
    assert list(found.order) == [0, 120, 40, 80]
    assert found.is_plain
    assert found.may_seek


def test_of_two_pictures_at_one_time_the_longer_ends_the_video():
    assert read(packet(0, key=True), packet(40, 90), packet(40, 30)).end == 130
    assert read(packet(0, None, key=True)).end == 0


def test_hidden_pictures_and_those_before_the_first_key_frame_are_not_shown():
    found = read(packet(0), packet(40, key=True), packet(20), packet(80, 500, hidden=True), packet(60, 41))
    assert (list(found.times), found.end) == ([40, 60], 101)
    assert found.zero == 40 * MS
    assert not found.is_plain
    assert list(found.key_positions) == [1]


def test_a_picture_that_follows_a_key_frame_and_is_shown_before_it_leads():
    leading = read(packet(0, key=True), packet(80, key=True), packet(40))
    assert (leading.is_plain, list(leading.times)) == (False, [0, 40, 80])
    assert read(packet(0, key=True), packet(80), packet(40)).is_plain


def test_a_hidden_picture_behind_the_others_is_enough_for_a_file_that_is_not_plain():
    assert not read(packet(0, key=True), packet(40, hidden=True), packet(80)).is_plain
    assert read(packet(0, key=True), packet(40), packet(80)).is_plain


@pytest.mark.parametrize(
    ("packets", "may_seek"),
    [
        ([packet(0, key=True), packet(40), packet(80, key=True)], True),
        ([packet(0, key=True), packet(40), packet(40)], False),
        ([packet(80, key=True), packet(120), packet(0, key=True)], False),
        ([packet(0, key=True), packet(40), packet(40, hidden=True)], False),
    ],
)
def test_a_time_leads_to_one_packet_if_none_is_double_and_key_frames_are_in_order(packets, may_seek):
    assert read(*packets).may_seek is may_seek


@pytest.mark.parametrize("packets", [[], [packet(0)], [packet(0, key=True, hidden=True)]])
def test_a_file_without_a_picture_to_show_is_undecodable(packets):
    with pytest.raises(Unusable, match="undecodable"):
        read(*packets)


@pytest.mark.parametrize(
    ("codec", "may_skip"), [("h264", True), ("vp9", False), ("av1", False), ("mpeg4", False)]
)
def test_only_some_codecs_mark_pictures_that_no_other_needs(codec, may_skip):
    assert read(packet(0, key=True), codec=codec).may_skip is may_skip


def unit(kind, layer):
    body = bytes([kind << 1, layer + 1])
    return len(body).to_bytes(4) + body


@pytest.mark.parametrize(
    ("units", "is_lowest"),
    [
        (unit(1, 0), True),
        (unit(1, 1), False),
        (unit(31, 0), True),
        (unit(32, 0), False),
        (unit(33, 1) + unit(1, 0), True),
        (unit(33, 0) + unit(1, 1), False),
        (unit(1, 0)[:-1], False),
        (b"", False),
    ],
)
def test_the_layer_is_that_of_the_first_unit_with_a_picture(units, is_lowest):
    assert _is_of_lowest_layer(units) is is_lowest


class Hevc(bytearray):
    """A packet with these units."""

    def __init__(self, units, **facts):
        super().__init__(units)
        vars(self).update(vars(packet(**facts)))


@pytest.mark.parametrize(("layers", "may_skip"), [([0, 0, 0], True), ([0, 1, 0], False), ([0, 0, 1], False)])
def test_of_hevc_pictures_are_skipped_only_if_all_are_of_the_lowest_layer(layers, may_skip):
    packets = [Hevc(unit(1, layer), pts=40 * number, key=number == 0) for number, layer in enumerate(layers)]
    assert read(*packets, codec="hevc").may_skip is may_skip


def test_a_picture_is_decoded_from_the_nearest_key_frame_that_is_not_shown_after_it():
    timetable = table(0, 40, 80, 120, order=(0, 80, 40, 120), keys=(0, 1))
    found = {time: list(keys) for time, keys in timetable.keys_before([0, 40, 80, 120]).items()}
    assert found == {0: [0], 40: [0], 80: [80, 0], 120: [80, 0]}


def test_a_key_frame_that_follows_a_picture_in_the_file_is_none_of_its_own():
    timetable = table(0, 40, 80, order=(0, 80, 40), keys=(0, 2))
    assert list(timetable.keys_before([80])[80]) == [0]


def test_pictures_from_one_key_frame_are_one_segment_and_four_key_frames_are_tried_at_most():
    timetable = table(*range(0, 480, 40), keys=(0, 2, 4, 6, 8, 10))
    segments = list(_segments(timetable, [0, 1, 3, 11]))
    assert [segment.keys for segment in segments] == [(0,), (80, 0), (400, 320, 240, 160)]
    assert [segment.pictures for segment in segments] == [((0, 0), (1, 40)), ((3, 120),), ((11, 440),)]


@pytest.mark.parametrize(
    ("index", "time_s", "is_trusted"),
    [
        (1, 0.04, True),
        (1, 0.0599, True),
        (1, 0.0601, False),
        (1, 0.0201, True),
        (1, 0.0199, False),
        (0, 0.0199, True),
        (0, 0.0201, False),
        (2, 0.1001, False),
        (2, 0.0801, True),
        (2, 0.0701, True),
    ],
)
def test_a_time_must_be_nearest_to_its_own_picture(index, time_s, is_trusted):
    timetable = table(0, 40, 80)
    if is_trusted:
        check_time(timetable, index, time_s)
    else:
        with pytest.raises(Untrusted):
            check_time(timetable, index, time_s)


def test_the_smaller_of_two_gaps_is_the_limit_and_a_single_picture_has_half_a_second():
    with pytest.raises(Untrusted):
        check_time(table(0, 100, 120), 1, 0.1101)
    check_time(table(0, 100, 120), 1, 0.109)
    check_time(table(0), 0, 0.49)
    with pytest.raises(Untrusted):
        check_time(table(0), 0, 0.5)


def test_only_the_neighbours_of_a_picture_limit_its_time():
    check_time(table(0, 10, 1000, 2000), 3, 2.4)
    check_time(table(0, 1000, 1010), 0, 0.4)


def test_pictures_are_decoded_eight_at_a_time():
    assert [len(batch) for batch in batches(range(17))] == [8, 8, 1]
    assert [len(batch) for batch in batches(range(8))] == [8]


# --- sizes, and which are kept --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "due"),
    [
        ((288, 512), (144, 256)),
        ((144, 100), (144, 100)),
        ((143, 900), (143, 900)),
        ((1, 900), (1, 900)),
        ((1000, 145), (993, 144)),
    ],
)
def test_scenes_are_found_in_pictures_whose_shorter_edge_is_at_most_144(size, due):
    assert _small_size(SimpleNamespace(width=size[0], height=size[1])) == due


@pytest.mark.parametrize(
    ("size", "due"),
    [
        ((200, 100), (100, 50)),
        ((100, 200), (50, 100)),
        ((100, 100), (100, 100)),
        ((9, 3), (9, 3)),
        ((999, 1), (100, 1)),
        ((1, 999), (1, 100)),
    ],
)
def test_no_edge_of_a_frame_is_longer_than_asked_for_and_none_grows(size, due):
    assert Encoder(100, 90, hashes=False)._fitted(*size) == due


def jpegs(*hashes):
    return iter([Jpeg(index, b"", 1, 1, phash) for index, phash in enumerate(hashes)])


def kept(params, *hashes, **changes):
    settings = Frames.model_validate(params["frames"] | changes)
    found, left_out = _distinct(jpegs(*hashes), settings)
    return [jpeg.index for jpeg in found], left_out


def test_a_frame_is_compared_with_the_last_kept_one_and_not_with_the_last(params):
    near = {"min_hash_distance": 2, "max_frames": 9}
    assert kept(params, 0b0, 0b1, 0b11, 0b111, **near) == ([0, 2], (1, 3))
    assert kept(params, 0, 0, 0, min_hash_distance=None, max_frames=9) == ([0, 1, 2], ())
    assert kept(params, None, 0, None, **near) == ([0, 1, 2], ())


@pytest.mark.parametrize(("most", "due"), [(1, [0]), (2, [0, 2]), (3, [0, 2, 3])])
def test_the_number_of_frames_counts_those_that_are_kept(params, most, due):
    assert kept(params, 0, 0, 0xFF, 0xFF00, min_hash_distance=2, max_frames=most)[0] == due


def test_without_a_picture_there_are_no_frames(params):
    with pytest.raises(Unusable, match="no_frames"):
        kept(params)
