"""Every format, box and brand by its bytes, and every end of a process."""

import pytest

from gettok.errors import Interrupted, Unusable
from gettok.media.container import (
    check_length,
)
from gettok.media.content_credentials import claims_ai
from gettok.media.formats import ADTS, FORMATS, MATROSKA, MP3, MP4, OGG, WAV, WEBM, format_of
from gettok.media.images import thin_out
from gettok.media.photo_formats import AVIF, HEIC, JPEG, PNG, WEBP, format_of_head
from gettok.media.subprocess_decode import _raise_for_exit


@pytest.mark.parametrize(
    ("head", "due"),
    [
        (b"\0\0\0\x18ftypisom", MP4),
        (b"\x1a\x45\xdf\xa3....webm", WEBM),
        (b"\x1a\x45\xdf\xa3....matroska", MATROSKA),
        (b"ID3\x04\0\0\0\0\0\x01", MP3),
        (b"\xff\xfb\x90", MP3),
        (b"\xff\xf3\x90", MP3),
        (b"\xff\xe3\x90", MP3),
        (b"\xff\xf1\x50", ADTS),
        (b"\xff\xf9\x50", ADTS),
        (b"OggS", OGG),
        (b"RIFF\0\0\0\0WAVE", WAV),
        (b"RF64\0\0\0\0WAVE", WAV),
        (b"RIFF\0\0\0\0AVI ", None),
        (b"RIFX\0\0\0\0WAVE", None),
        (b"....webm matroska", None),
        (b"\x1a\x45\xdf\xa3....other", None),
        (b"\x1a\x45\xdf\xa3".ljust(120, b".") + b"matroska", MATROSKA),
        (b"\x1a\x45\xdf\xa3".ljust(121, b".") + b"matroska", None),
        (b"\xfe\xfb\x90", None),
        (b"\xfe\xf1\x50", None),
        (b"\xff\xfb", MP3),
        (b"\xff\xf1", ADTS),
        (b"\xff\xfd\x90", None),
        (b"\xff", None),
        (b"\0\0\0\x18moov", MP4),
        (b"\1\0\0\x18moov", None),
        (b"\1\0\0\x18mdat", MP4),
        (b"\0\0\0\x18trak", None),
        (b"\0\0\0\x18ftypavif", None),
        (b"", None),
    ],
)
def test_every_format_is_known_by_its_first_bytes(tmp_path, head, due):
    path = tmp_path / "file"
    path.write_bytes(head)
    if due is None:
        with pytest.raises(Unusable, match="undecodable"):
            format_of(path)
    else:
        assert format_of(path) is due


def test_which_formats_may_be_videos_and_what_their_files_are_named():
    assert [(each.name, each.demuxer, each.suffix, each.is_video) for each in FORMATS] == [
        ("mp4", "mov", ".mp4", True),
        ("webm", "matroska", ".webm", True),
        ("matroska", "matroska", ".mkv", True),
        ("mp3", "mp3", ".mp3", False),
        ("adts", "aac", ".aac", False),
        ("ogg", "ogg", ".ogg", False),
        ("wav", "wav", ".wav", False),
    ]


@pytest.mark.parametrize(("flags", "length"), [(0, 20), (0x10, 30)])
def test_an_id3_tag_is_passed_over_to_its_last_byte(tmp_path, flags, length):
    head = b"ID3\x04\0" + bytes([flags, 0, 0, 0, 10])
    for size, due in ((length, ADTS), (length - 1, MP3), (length + 1, MP3)):
        path = tmp_path / "file"
        path.write_bytes(head.ljust(size, b"\0") + b"\xff\xf1\x50")
        assert format_of(path) is due
    for size, byte in (
        (2, b"\0\0\0\x02"),
        (128, b"\0\0\x01\0"),
        (16_384, b"\0\x01\0\0"),
        (2**21, b"\x01\0\0\0"),
    ):
        path.write_bytes((b"ID3\x04\0\0" + byte).ljust(10 + size, b"\0") + b"\xff\xf1\x50")
        assert format_of(path) is ADTS
    path.write_bytes(b"ID3\x04\0")
    assert format_of(path) is MP3


BRANDS = [
    *((brand, AVIF) for brand in (b"avif", b"avis")),
    *((brand, HEIC) for brand in b"heic heix heim heis hevc hevx hevm hevs mif1 mif2 msf1".split()),
]


@pytest.mark.parametrize(("brand", "due"), BRANDS)
def test_every_brand_of_photos_is_known_as_the_main_and_as_a_compatible_one(brand, due):
    assert format_of_head(b"\0\0\0\x10ftyp" + brand + bytes(4)) is due
    assert format_of_head(b"\0\0\0\x18ftypisom\0\0\0\0mp41" + brand) is due
    assert format_of_head(b"\0\0\0\x14ftypisom\0\0\0\0mp41" + brand) is None
    assert format_of_head(b"\0\0\0\x14ftypisom" + brand + b"mp41") is None
    assert format_of_head(b"\0\0\0\x18ftypmif1\0\0\0\0" + brand + b"avif") is AVIF


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xd8\xff", JPEG.name),
        (b"\x89PNG\r\n\x1a\n", PNG.name),
        (b"RIFF\0\0\0\0WEBP", WEBP.name),
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"\xff\xd8\xfe", None),
    ],
)
def test_every_format_of_photos_is_known_by_its_first_bytes(head, name):
    found = format_of_head(head)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("declared", "is_whole"),
    [(100, True), (92, True), (108, True), (109, False), (0x7FFEFFFF, False), (0x7FFF0000, True)],
)
def test_a_wave_file_may_count_its_first_eight_bytes_and_know_no_length(tmp_path, declared, is_whole):
    path = tmp_path / "s.wav"
    path.write_bytes((b"RIFF" + declared.to_bytes(4, "little") + b"WAVE").ljust(100, b"\0"))
    if is_whole:
        check_length(path, WAV)
    else:
        with pytest.raises(Unusable, match="truncated"):
            check_length(path, WAV)


@pytest.mark.parametrize(
    "kind", [b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"uuid", b"sidx", b"meta"]
)
def test_every_box_must_end_within_its_file(tmp_path, kind):
    path = tmp_path / "v.mp4"
    first = b"\0\0\0\x10ftypisom\0\0\0\0"
    path.write_bytes(first + b"\0\0\0\x0c" + kind + bytes(4))
    check_length(path, MP4)
    path.write_bytes(first + b"\0\0\0\x0d" + kind + bytes(4))
    with pytest.raises(Unusable, match="truncated"):
        check_length(path, MP4)
    large = b"\0\0\0\x01" + kind + (20).to_bytes(8) + bytes(4)
    path.write_bytes(first + large)
    check_length(path, MP4)
    path.write_bytes(first + large[:-1])
    with pytest.raises(Unusable, match="truncated"):
        check_length(path, MP4)
    path.write_bytes(first + b"\0\0\0\0" + kind + bytes(4))
    check_length(path, MP4)
    path.write_bytes(first + b"\0\0\0\0" + kind + bytes(4) + b"\0\0\0\x63mdat")
    check_length(path, MP4)
    path.write_bytes(first + b"\0\0\0\x63" + kind.upper() + bytes(4))
    check_length(path, MP4)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (-14, Unusable, "too_large: decoding takes longer than 7 s"),
        (-9, Unusable, "too_large: the system killed the decoder"),
        (-15, Interrupted, None),
        (15, Interrupted, None),
        (-11, Unusable, r"undecodable: the decoder crashed \(SIGSEGV\)"),
        (-6, Unusable, r"undecodable: the decoder crashed \(SIGABRT\)"),
        (1, Unusable, r"undecodable: the decoder crashed \(exit status 1\)"),
        (9, Unusable, r"undecodable: the decoder crashed \(exit status 9\)"),
    ],
)
def test_every_end_of_a_child_has_its_meaning(status, error, words):
    with pytest.raises(error, match=words):
        _raise_for_exit(status, 7)


@pytest.mark.parametrize(
    ("most", "due"),
    [
        (0, []),
        (1, [5]),
        (2, [0, 9]),
        (3, [0, 4, 9]),
        (4, [0, 3, 6, 9]),
        (9, [0, 1, 2, 3, 4, 6, 7, 8, 9]),
        (10, list(range(10))),
        (11, list(range(10))),
    ],
)
def test_pictures_are_thinned_out_evenly_from_the_first_to_the_last(most, due):
    if most:
        assert thin_out(range(10), most) == due


@pytest.mark.parametrize(
    ("source", "is_ai"),
    [
        ("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", True),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia/", True),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia", True),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic", True),
        ("http://c2pa.org/digitalsourcetype/trainedAlgorithmicData", True),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture", False),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia", False),
        ("trainedAlgorithmicMedia/x", False),
    ],
)
def test_every_source_of_generative_ai_is_known(source, is_ai):
    assert claims_ai([source], is_read=True) is is_ai
    assert claims_ai(["http://x/digitalCapture", source], is_read=True) is is_ai
    assert claims_ai([source], is_read=False) is None
    assert claims_ai([], is_read=True) is False
