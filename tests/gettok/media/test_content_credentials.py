"""Content Credentials are read from the bytes as they came, and no request is made for them."""

import io

import bad_server
import media_files
import pytest
from content_credentials_files import AI, CAMERA, IPTC, identity, signed
from PIL import Image

from gettok.media.content_credentials import STATES, claims_ai, read_credentials

MIME = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "mp4": "video/mp4",
}
MEDIA = sorted(MIME)


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """An unsigned file of each kind."""
    folder = tmp_path_factory.mktemp("media")
    files = {"mp4": media_files.video(folder / "v.mp4", frames=5)}
    for suffix in MIME.keys() - {"mp4"}:
        files[suffix] = media_files.photo(folder / f"p.{suffix}")
    return {suffix: path.read_bytes() for suffix, path in files.items()}


def read(folder, *contents: bytes, trust_list=None):
    files = []
    for number, content in enumerate(contents):
        files.append(folder / f"{number:03}")
        files[-1].write_bytes(content)
    found = read_credentials(files, trust_list)
    return found.state, claims_ai(found.source_types, is_read=found.is_read)


@pytest.mark.parametrize("kind", MEDIA)
def test_a_file_without_credentials_has_none(tmp_path, media, kind):
    assert read(tmp_path, media[kind]) == ("none", None)


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize(("source", "is_ai"), [(AI, True), (CAMERA, False)])
def test_a_signature_holds_and_says_whether_ai_made_it(tmp_path, media, kind, source, is_ai):
    data = signed(media[kind], MIME[kind], source)
    assert read(tmp_path, data) == ("valid", is_ai)
    assert read(tmp_path, data, trust_list=identity().root) == ("trusted", is_ai)


@pytest.mark.parametrize("kind", MEDIA)
def test_a_byte_changed_after_signing_makes_it_invalid(tmp_path, media, kind):
    data = bytearray(signed(media[kind], MIME[kind]))
    data[-20] ^= 1
    assert read(tmp_path, bytes(data), trust_list=identity().root) == ("invalid", True)


@pytest.mark.parametrize("kind", MEDIA)
def test_a_damaged_manifest_is_invalid_and_says_nothing_about_ai(tmp_path, media, kind):
    data = bytearray(signed(media[kind], MIME[kind]))
    place = data.index(b"jumb", data.index(b"jumb") + 4)
    data[place : place + 600] = bytes(600)
    assert read(tmp_path, bytes(data)) == ("invalid", None)


@pytest.mark.parametrize("kind", ["jpg", "png", "mp4"])
def test_a_manifest_that_is_elsewhere_is_not_asked_for(tmp_path, media, kind):
    server = bad_server.Server({"/": bad_server.sends(b"")})
    with server.running():
        data = signed(media[kind], MIME[kind], address=f"{server.base}/manifest")
        assert read(tmp_path, data) == ("elsewhere", None)
        assert server.asked == []
        _ask_by_default(data)
        assert server.asked == ["/manifest"], "else the test could not fail"


def _ask_by_default(data: bytes) -> None:
    import c2pa  # noqa: PLC0415

    with pytest.raises(c2pa.C2paError):
        c2pa.Reader(None, io.BytesIO(data))


@pytest.mark.parametrize(
    "content",
    [b"\x1a\x45\xdf\xa3" + bytes(100), b"OggS" + bytes(100), b"", b"<html>", b"\0" * 5000],
    ids=["webm", "ogg", "empty", "html", "zeros"],
)
def test_a_format_that_cannot_carry_credentials_is_not_supported(tmp_path, content):
    assert read(tmp_path, content) == ("not_supported", None)


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_cut_file_without_credentials_does_not_claim_to_have_invalid_ones(tmp_path, media, kind, share):
    data = media[kind]
    assert read(tmp_path, data[: int(share * len(data))])[0] in {"none", "not_supported"}


@pytest.mark.parametrize("kind", ["jpg", "mp4"])
def test_a_remux_drops_the_credentials(tmp_path, media, kind):
    data = signed(media[kind], MIME[kind])
    path = tmp_path / f"signed.{kind}"
    path.write_bytes(data)
    if kind == "jpg":
        Image.open(path).save(tmp_path / "again.jpg")
        again = tmp_path / "again.jpg"
    else:
        again = media_files.trimmed(path, tmp_path / "again.mp4", 1)
    assert read(tmp_path, again.read_bytes()) == ("none", None)


def test_the_claim_of_an_ingredient_counts(tmp_path, media):
    picture = signed(media["jpg"], MIME["jpg"], AI)
    video = signed(media["mp4"], MIME["mp4"], None, ingredients=[(picture, MIME["jpg"])])
    state, is_ai = read(tmp_path, video)
    assert (state in {"valid", "invalid"}, is_ai) == (True, True)


@pytest.mark.parametrize(
    ("kinds", "state", "is_ai"),
    [
        (["plain", "plain"], "none", None),
        (["plain", "webm"], "none", None),
        (["webm"], "not_supported", None),
        (["plain", "camera"], "valid", False),
        (["camera", "ai", "plain"], "valid", True),
        (["ai", "changed", "camera"], "invalid", True),
    ],
)
def test_of_several_files_the_most_doubtful_state_counts_and_any_claim(tmp_path, media, kinds, state, is_ai):
    photo = media["jpg"]
    changed = bytearray(signed(photo, MIME["jpg"], CAMERA))
    changed[-20] ^= 1
    files = {
        "plain": photo,
        "webm": b"\x1a\x45\xdf\xa3" + bytes(100),
        "camera": signed(photo, MIME["jpg"], CAMERA),
        "ai": signed(photo, MIME["jpg"], AI),
        "changed": bytes(changed),
    }
    assert read(tmp_path, *(files[kind] for kind in kinds)) == (state, is_ai)


@pytest.mark.parametrize(
    ("source", "is_ai"),
    [
        (f"{IPTC}compositeWithTrainedAlgorithmicMedia", True),
        (f"{IPTC}compositeSynthetic", True),
        ("https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia/", True),
        ("http://c2pa.org/digitalsourcetype/trainedAlgorithmicData", True),
        ("trainedAlgorithmicMedia", True),
        (f"{IPTC}algorithmicMedia", False),
        (f"{IPTC}humanEdits", False),
        (f"{IPTC}screenCapture", False),
    ],
)
def test_only_sources_of_generative_ai_claim_it(source, is_ai):
    assert claims_ai([CAMERA, source], is_read=True) is is_ai
    assert claims_ai([], is_read=False) is None


def test_the_states_are_the_closed_list():
    assert set(STATES) == {"none", "not_supported", "elsewhere", "invalid", "valid", "trusted"}
