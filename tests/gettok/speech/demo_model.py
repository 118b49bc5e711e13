"""The demo's speech model, with the demo's settings."""

from pathlib import Path

import yaml

from gettok.settings import Asr
from gettok.speech import TranscribeStep

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "sandbox" / "speech" / "whisper_demo"
#: `params.yaml` is composed with conf/asr/demo.yaml.
DEMO = Asr.model_validate(
    yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))["asr"] | {"model": str(MODEL), "device": "cpu"}
)


def demo_settings(**changes):
    """The demo's settings, except for these changes."""
    return DEMO.model_copy(update=changes)


def with_settings(**changes):
    """A step with the demo's settings, except for these changes."""
    return TranscribeStep(demo_settings(**changes))
