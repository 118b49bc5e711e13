"""The demo's speech model, with the demo's settings."""

from pathlib import Path

import yaml

from gettok.settings import Asr
from gettok.speech import TranscribeStep

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "sandbox" / "speech" / "whisper_demo"
DEMO = Asr.model_validate(
    yaml.safe_load((ROOT / "conf" / "asr" / "demo.yaml").read_text("utf-8"))
    | {"model": str(MODEL), "device": "cpu"}
)


def with_settings(**changes):
    """A step with the demo's settings but for these."""
    return TranscribeStep(DEMO.model_copy(update=changes))
