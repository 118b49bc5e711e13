"""Generates the demo's corpus: media, the servers' data about it, and the ground truth.

    python -m sandbox.corpus.generate

Needs ffmpeg, espeak-ng and the fonts DejaVu and Liberation; users never run it. The plan, words and pictures
follow from one seed; the files' bytes also depend on the versions of ffmpeg and espeak-ng.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sandbox.corpus import film, human_labels, sound
from sandbox.corpus.captions import captions
from sandbox.corpus.codes import codes
from sandbox.corpus.film import Encoding, Shot
from sandbox.corpus.labels import page_label, video_tags
from sandbox.corpus.plan import PlannedVideo, planned_videos
from sandbox.corpus.script import Script, script, tiktok_transcript

HERE = Path(__file__).parent
MEDIA = HERE / "media"

_STATUS = {
    "private": (10216, ""),
    "private_account": (10222, ""),
    "removed": (10204, "status_deleted"),
    "region_locked": (10231, "cross_border_violation"),
}
_ENCODINGS = {
    "hevc": Encoding(codec="libx265", quality=36),
    "rotated": Encoding(rotated=True),
    "variable_rate": Encoding(variable_rate=True),
}


def main() -> None:
    shutil.rmtree(MEDIA, ignore_errors=True)
    MEDIA.mkdir()
    videos: list[dict[str, Any]] = []
    truths: dict[str, Any] = {}
    for video in tqdm(planned_videos(), unit="video"):
        words = script(video)
        media = _media(video, words)
        videos.append({"api": _api(video, words, media), "page": _page(video, words, media)})
        truths[video.video_id] = _truth(video, words, media)
    videos.sort(key=lambda video: str(video["api"]["id"]))
    _write(HERE / "videos.json", videos)
    _write(HERE / "truth.json", dict(sorted(truths.items())))
    human_labels.write()


def _media(video: PlannedVideo, words: Script) -> dict[str, Any]:
    """Write the video's file, if it has one, and describe it."""
    voice = _voice(video)
    audio = _sound(video, words, voice)
    seconds = round(max(7.0, len(audio) / sound.RATE + 0.8), 1)
    shots = _shots(words, seconds)
    media: dict[str, Any] = {
        "seconds": seconds,
        "shots": shots,
        "voice": voice if words.spoken else "",
        "frames": 0,
    }
    if video.kind in _STATUS:
        return media
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        sound.write(sound.padded(audio, seconds), wav)
        if video.kind == "slideshow":
            return media | _slideshow(video, shots, wav)
        name = f"{video.video_id}.mp4"
        encoding = _ENCODINGS.get(video.kind, Encoding(rate=30 if video.number % 2 else 25))
        with_sound = None if video.kind == "no_audio" else wav
        frames = film.film(shots, with_sound, MEDIA / name, encoding, video.rng("film"))
        return media | {"media": name, "frames": frames, "size": (MEDIA / name).stat().st_size}


def _slideshow(video: PlannedVideo, shots: list[Shot], wav: Path) -> dict[str, Any]:
    images = [f"{video.video_id}_{number}.jpg" for number, _ in enumerate(shots, 1)]
    for name, shot in zip(images, shots, strict=True):
        film.photo(shot, MEDIA / name, video.rng(name))
    track = f"{video.video_id}.m4a"
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-i",
        str(wav),
        "-c:a",
        "aac",
        "-b:a",
        "48k",
        "-fflags",
        "+bitexact",
    ]
    subprocess.run([*command, str(MEDIA / track)], check=True)
    return {"images": images, "sound": track}


def _voice(video: PlannedVideo) -> str:
    return "en+m3" if video.kind == "english" else sound.VOICES[video.number % len(sound.VOICES)]


def _sound(video: PlannedVideo, words: Script, voice: str) -> sound.Sound:
    rng = video.rng("sound")
    if video.kind in ("music", "slideshow"):
        return sound.music(9.0, rng)
    if video.kind in ("silence", "no_audio"):
        return sound.silence(9.0)
    spoken = sound.speech(words.spoken, voice, rng.randint(140, 170), rng.randint(38, 62))
    if behind_voice(video, words):
        spoken = sound.mixed(spoken, sound.music(len(spoken) / sound.RATE + 1, rng), 0.06)
    return spoken


def behind_voice(video: PlannedVideo, words: Script) -> str:
    """The background of the voice: music in some videos, silence in all others."""
    return "music" if words.spoken and video.number % 6 == 1 else ""


def _shots(words: Script, seconds: float) -> list[Shot]:
    """Scenes of equal length, each with a text, so the frames 0, 300 and 600 show one."""
    each = round(seconds / len(words.scenes), 2)
    lengths = [each] * (len(words.scenes) - 1)
    lengths.append(round(seconds - sum(lengths), 2))
    plan = zip(words.scenes, lengths, words.screens, strict=True)
    return [Shot(scene, length, text) for scene, length, text in plan]


def _api(video: PlannedVideo, words: Script, media: dict[str, Any]) -> dict[str, Any]:
    """The fields of the Research API; fields without a value are absent. Counts are skewed, as real ones are."""
    rng = video.rng("counts")
    views = int(rng.lognormvariate(8.5, 1.9)) + 40
    likes = int(views * rng.uniform(0.02, 0.15))
    fields: dict[str, Any] = {
        "id": video.video_id,
        "create_time": video.created_at,
        "username": video.username,
        "region_code": video.region,
        "video_description": words.caption,
        "music_id": str(7_000_000_000_000_000_000 + rng.getrandbits(50)),
        "view_count": views,
        "like_count": likes,
        "comment_count": int(likes * rng.uniform(0.01, 0.2)),
        "share_count": int(likes * rng.uniform(0.01, 0.3)),
        "favorites_count": int(likes * rng.uniform(0.01, 0.2)),
        "hashtag_names": list(words.hashtags),
        "video_duration": 0 if video.kind == "slideshow" else round(media["seconds"]),
        "is_stem_verified": False,
    }
    if words.mentions:
        fields["video_mention_list"] = list(words.mentions)
    if video.number % 11 == 3:
        fields["playlist_id"] = str(7_100_000_000_000_000_000 + rng.getrandbits(50))
    if video.number % 9 == 4:
        fields["effect_ids"] = [str(rng.getrandbits(24))]
    if tags := video_tags(video):
        fields["video_tag"] = tags
    if words.language == "es" and video.number % 3 == video.number // 3 % 3:
        fields["voice_to_text"] = tiktok_transcript(words.spoken, rng)
    return fields


def _page(video: PlannedVideo, words: Script, media: dict[str, Any]) -> dict[str, Any]:
    code, message = _STATUS.get(video.kind, (0, ""))
    return {
        "status_code": code,
        "status_msg": message,
        "author": {"nickname": video.username.replace("_", " ").replace(".", " ").title()},
        "media": media.get("media"),
        "serve": video.kind if video.kind in ("truncated", "html") else "whole",
        "codec": "h265_hvc1" if video.kind == "hevc" else "h264",
        "width": 360,
        "height": 640,
        "duration": 0 if video.kind == "slideshow" else media["seconds"],
        "size": media.get("size"),
        "images": media.get("images", []),
        "sound": media.get("sound"),
        "captions": captions(video, words, media["seconds"]) if media.get("media") else [],
    } | page_label(video)


def _truth(video: PlannedVideo, words: Script, media: dict[str, Any]) -> dict[str, Any]:
    screen, start = [], 0.0
    for shot in media["shots"]:
        screen.append({"from_s": round(start, 2), "to_s": round(start + shot.seconds, 2), "text": shot.text})
        start += shot.seconds
    return {
        "kind": video.kind,
        "stance": video.stance,
        "words": words.spoken,
        "language": words.language,
        "voice": media["voice"],
        "screen": screen,
        "cuts_s": [shown["from_s"] for shown in screen[1:]],
        "frames": media["frames"],
        "behind_voice": behind_voice(video, words),
        "codes": codes(words),
    }


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
