"""The table media has the Content Credentials of the files as they came, whichever backend brought them."""

import hashlib

import media_files
import pytest
from content_credentials_files import AI, CAMERA, identity, new_identity, signed
from download_corpus import IDS, settings
from dying import be_killed, crash
from flipped import rotten

from gettok.download import DownloadStep, VideoLink
from gettok.errors import BadSettings, Damaged, Unusable

ID = "7175000000000000001"


def local_row(folder, spool):
    step = DownloadStep(settings(backend="local", folder=str(folder)), "tiktok", "", spool)
    (row,) = step.read(step.ask(VideoLink(ID, "someone")))
    return row["c2pa"], row["c2pa_ai"]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return media_files.video(tmp_path_factory.mktemp("film") / "film.mp4", frames=10).read_bytes()


def changed(data: bytes) -> bytes:
    """With another last byte but some, in the sound."""
    return data[:-20] + bytes((data[-20] ^ 1,)) + data[-19:]


def damaged(data: bytes) -> bytes:
    """With a manifest that cannot be read."""
    place = data.index(b"jumb", data.index(b"jumb") + 4)
    return data[:place] + bytes(600) + data[place + 600 :]


@pytest.mark.parametrize(
    ("data", "credentials"),
    [
        (lambda film: film, ("none", None)),
        (lambda film: signed(film, "video/mp4", AI), ("valid", True)),
        (lambda film: signed(film, "video/mp4", CAMERA), ("valid", False)),
        (lambda film: changed(signed(film, "video/mp4", AI)), ("invalid", True)),
        (lambda film: signed(film, "video/mp4", address="http://127.0.0.1:9/m"), ("elsewhere", None)),
        (lambda film: damaged(signed(film, "video/mp4", AI)), ("invalid", None)),
    ],
    ids=["none", "ai", "camera", "changed", "elsewhere", "damaged"],
)
def test_a_local_video_has_the_credentials_of_its_bytes(tmp_path, film, data, credentials):
    (tmp_path / f"{ID}.mp4").write_bytes(data(film))
    assert local_row(tmp_path, tmp_path / "spool") == credentials


def test_the_photos_of_a_slideshow_count_too(tmp_path):
    show = tmp_path / ID
    show.mkdir()
    for number in range(3):
        media_files.photo(show / f"{number}.jpg")
    assert local_row(tmp_path, tmp_path / "spool") == ("none", None)
    (show / "1.jpg").write_bytes(signed((show / "1.jpg").read_bytes(), "image/jpeg", AI))
    assert local_row(tmp_path, tmp_path / "spool") == ("valid", True)


@pytest.mark.parametrize("backend", ["page", "ytdlp"])
def test_a_downloaded_video_has_them_as_well(server, corpus, tmp_path, backend):
    path = corpus / "media" / "plain.mp4"
    unsigned = path.read_bytes()
    step = DownloadStep(settings(backend=backend), "sandbox", server.pages, tmp_path, lambda _: None)
    try:
        path.write_bytes(signed(unsigned, "video/mp4", AI))
        (row,) = step.read(step.ask(VideoLink(IDS["ok"], "someone.1")))
    finally:
        path.write_bytes(unsigned)
        step.close()
    assert (row["c2pa"], row["c2pa_ai"]) == ("valid", True)


def test_f31_a_reader_that_the_system_kills_is_run_again_and_one_that_crashes_costs_nothing_else(
    tmp_path, film, monkeypatch
):
    (tmp_path / f"{ID}.mp4").write_bytes(film)
    monkeypatch.setattr("gettok.download.credentials.read_credentials", be_killed)
    with pytest.raises(Unusable, match="too_large"):
        local_row(tmp_path, tmp_path / "spool")
    monkeypatch.setattr("gettok.download.credentials.read_credentials", crash)
    assert local_row(tmp_path, tmp_path / "spool") == ("not_supported", None)


@pytest.mark.parametrize(("change", "state"), [(lambda data: data, "trusted"), (changed, "invalid")])
def test_a_trust_list_named_later_judges_the_stored_answer_anew(tmp_path, film, change, state):
    (tmp_path / f"{ID}.mp4").write_bytes(change(signed(film, "video/mp4", AI)))
    (tmp_path / "roots.pem").write_text(identity().root, newline="\r\n")
    local = {"backend": "local", "folder": str(tmp_path)}
    before, after = (
        DownloadStep(settings(**local, trust_list=path), "x", "", tmp_path / "spool")
        for path in (None, str(tmp_path / "roots.pem"))
    )
    answer = before.ask(VideoLink(ID, "someone"))
    assert before.settings == after.settings, "no file is fetched again"
    (row,) = before.read(answer)
    assert row["c2pa"] == ("valid" if state == "trusted" else state)
    assert row["c2pa_trust_list_sha256"] is None
    (row,) = after.read(answer)
    assert (row["c2pa"], row["c2pa_ai"]) == (state, True)
    assert row["c2pa_trust_list_sha256"] == hashlib.sha256((tmp_path / "roots.pem").read_bytes()).hexdigest()


def test_f40_no_signature_is_judged_in_a_stored_file_that_has_changed(tmp_path, film):
    (tmp_path / f"{ID}.mp4").write_bytes(signed(film, "video/mp4", AI))
    (tmp_path / "roots.pem").write_text(identity().root)
    chosen = settings(backend="local", folder=str(tmp_path), trust_list=str(tmp_path / "roots.pem"))
    step = DownloadStep(chosen, "x", "", tmp_path / "spool")
    answer = step.ask(VideoLink(ID, "someone"))
    with rotten(answer.blobs["media"].path), pytest.raises(Damaged):
        step.read(answer)
    assert step.read(answer)[0]["c2pa"] == "trusted"


def test_a_signer_who_is_not_on_the_list_is_not_trusted(tmp_path, film):
    (tmp_path / f"{ID}.mp4").write_bytes(signed(film, "video/mp4", AI))
    (tmp_path / "roots.pem").write_text(new_identity().root)
    chosen = settings(backend="local", folder=str(tmp_path), trust_list=str(tmp_path / "roots.pem"))
    step = DownloadStep(chosen, "x", "", tmp_path / "spool")
    assert step.read(step.ask(VideoLink(ID, "someone")))[0]["c2pa"] == "valid"


@pytest.mark.parametrize("content", [None, b"no certificate", b"\xff\xfe"])
def test_a_trust_list_that_is_none_stops_the_run_at_once(tmp_path, content):
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)
    (tmp_path / f"{ID}.mp4").touch()
    step = DownloadStep(settings(backend="local", folder=str(tmp_path), trust_list=str(path)), "x", "")
    with pytest.raises(BadSettings, match=r"download\.trust_list"):
        step.open()
