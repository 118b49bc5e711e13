"""Videos of one's own, which git ignores, in experiments with a workspace of their own."""

import shutil

import pytest

from gettok.tables import MEDIA


@pytest.mark.slow
def test_a_queued_experiment_has_the_same_files_as_the_workspace_or_stops(repository):
    media, own = repository.data / "media", repository.folder / "media"
    names = sorted(file.stem for file in media.glob("*.mp4"))[:3]
    for name in names:
        shutil.copy(media / f"{name}.mp4", own)
    repository.compose("download=local")
    repository.dvc("repro", "download")
    fetched = MEDIA.read(repository.data / "media.parquet", ["video_id", "sha256"])
    assert fetched.drop_nulls()["video_id"].to_list() == names
    repository.commit("files of our own")
    arm = ("exp", "run", "--temp", "-S", "download=local", "-S", "frames=every_150")

    code, said = repository.outcome("dvc", *arm)
    assert code != 0
    assert f"lacks 3 files that git does not have: media/{names[0]}.mp4" in said

    said = repository.dvc(*arm, "-S", f"download.folder={own}")
    assert "download: 3 of 10 ok" in said
    assert "extract_frames: 3 of 10 ok" in said
