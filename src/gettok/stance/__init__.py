"""Detects a video's stance towards the study's target."""

from gettok.stance.step import StanceInputs, StanceStep

__all__ = ["StanceInputs", "StanceStep"]
