"""Make the demo's corpus: media, what the servers know of it, and the truth.

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

from sandbox.corpus import film, judged, sound
from sandbox.corpus.captions import captions
from sandbox.corpus.cast import Part, cast
from sandbox.corpus.film import Encoding, Shot
from sandbox.corpus.script import Script, heard_by_tiktok, script

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
    for part in tqdm(cast(), unit="video"):
        words = script(part)
        made = _media(part, words)
        videos.append({"api": _api(part, words, made), "page": _page(part, words, made)})
        truths[part.video_id] = _truth(part, words, made)
    videos.sort(key=lambda video: str(video["api"]["id"]))
    _write(HERE / "videos.json", videos)
    _write(HERE / "truth.json", dict(sorted(truths.items())))
    judged.write()


def _media(part: Part, words: Script) -> dict[str, Any]:
    """The video's file, if it has one, and what is in it."""
    voice = _voice(part)
    heard = _sound(part, words, voice)
    seconds = round(max(7.0, len(heard) / sound.RATE + 0.8), 1)
    shots = _shots(words, seconds)
    made: dict[str, Any] = {
        "seconds": seconds,
        "shots": shots,
        "voice": voice if words.spoken else "",
        "frames": 0,
    }
    if part.kind in _STATUS:
        return made
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        sound.write(sound.padded(heard, seconds), wav)
        if part.kind == "slideshow":
            return made | _slideshow(part, shots, wav)
        name = f"{part.video_id}.mp4"
        encoding = _ENCODINGS.get(part.kind, Encoding(rate=30 if part.number % 2 else 25))
        with_sound = None if part.kind == "no_audio" else wav
        frames = film.film(shots, with_sound, MEDIA / name, encoding, part.chance("film"))
        return made | {"media": name, "frames": frames, "size": (MEDIA / name).stat().st_size}


def _slideshow(part: Part, shots: list[Shot], wav: Path) -> dict[str, Any]:
    images = [f"{part.video_id}_{number}.jpg" for number, _ in enumerate(shots, 1)]
    for name, shot in zip(images, shots, strict=True):
        film.photo(shot, MEDIA / name, part.chance(name))
    track = f"{part.video_id}.m4a"
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


def _voice(part: Part) -> str:
    return "en+m3" if part.kind == "english" else sound.VOICES[part.number % len(sound.VOICES)]


def _sound(part: Part, words: Script, voice: str) -> sound.Sound:
    chance = part.chance("sound")
    if part.kind in ("music", "slideshow"):
        return sound.music(9.0, chance)
    if part.kind in ("silence", "no_audio"):
        return sound.silence(9.0)
    said = sound.speech(words.spoken, voice, chance.randint(140, 170), chance.randint(38, 62))
    if behind_voice(part, words):
        said = sound.under(said, sound.music(len(said) / sound.RATE + 1, chance), 0.06)
    return said


def behind_voice(part: Part, words: Script) -> str:
    """What is to be heard behind the voice: music in some videos, and no other noise in any."""
    return "music" if words.spoken and part.number % 6 == 1 else ""


def _shots(words: Script, seconds: float) -> list[Shot]:
    """The scenes share the time; the first and any at frame 300 and 600 have a text, since every scene has one."""
    each = round(seconds / len(words.scenes), 2)
    lengths = [each] * (len(words.scenes) - 1)
    lengths.append(round(seconds - sum(lengths), 2))
    plan = zip(words.scenes, lengths, words.screens, strict=True)
    return [Shot(scene, length, text) for scene, length, text in plan]


def _api(part: Part, words: Script, made: dict[str, Any]) -> dict[str, Any]:
    """The fields of the Research API; what has no value is absent. Counts are skewed as real ones are."""
    chance = part.chance("counts")
    views = int(chance.lognormvariate(8.5, 1.9)) + 40
    likes = int(views * chance.uniform(0.02, 0.15))
    fields: dict[str, Any] = {
        "id": part.video_id,
        "create_time": part.created_at,
        "username": part.username,
        "region_code": part.region,
        "video_description": words.caption,
        "music_id": str(7_000_000_000_000_000_000 + chance.getrandbits(50)),
        "view_count": views,
        "like_count": likes,
        "comment_count": int(likes * chance.uniform(0.01, 0.2)),
        "share_count": int(likes * chance.uniform(0.01, 0.3)),
        "favorites_count": int(likes * chance.uniform(0.01, 0.2)),
        "hashtag_names": list(words.hashtags),
        "video_duration": 0 if part.kind == "slideshow" else round(made["seconds"]),
        "is_stem_verified": False,
    }
    if words.mentions:
        fields["video_mention_list"] = list(words.mentions)
    if part.number % 11 == 3:
        fields["playlist_id"] = str(7_100_000_000_000_000_000 + chance.getrandbits(50))
    if part.number % 9 == 4:
        fields["effect_ids"] = [str(chance.getrandbits(24))]
    if words.language == "es" and part.number % 3 == part.number // 3 % 3:
        fields["voice_to_text"] = heard_by_tiktok(words.spoken, chance)
    return fields


def _page(part: Part, words: Script, made: dict[str, Any]) -> dict[str, Any]:
    code, message = _STATUS.get(part.kind, (0, ""))
    return {
        "status_code": code,
        "status_msg": message,
        "author": {"nickname": part.username.replace("_", " ").replace(".", " ").title()},
        "media": made.get("media"),
        "serve": part.kind if part.kind in ("truncated", "html") else "whole",
        "codec": "h265_hvc1" if part.kind == "hevc" else "h264",
        "width": 360,
        "height": 640,
        "duration": 0 if part.kind == "slideshow" else made["seconds"],
        "size": made.get("size"),
        "images": made.get("images", []),
        "sound": made.get("sound"),
        "captions": captions(part, words, made["seconds"]) if made.get("media") else [],
    }


def _truth(part: Part, words: Script, made: dict[str, Any]) -> dict[str, Any]:
    screen, start = [], 0.0
    for shot in made["shots"]:
        screen.append({"from_s": round(start, 2), "to_s": round(start + shot.seconds, 2), "text": shot.text})
        start += shot.seconds
    return {
        "kind": part.kind,
        "stance": part.stance,
        "words": words.spoken,
        "language": words.language,
        "voice": made["voice"],
        "screen": screen,
        "cuts_s": [shown["from_s"] for shown in screen[1:]],
        "frames": made["frames"],
        "behind_voice": behind_voice(part, words),
    }


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
