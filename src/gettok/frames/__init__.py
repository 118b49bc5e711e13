"""Extracts frames of videos as JPEG: selects the pictures, decodes them, and encodes them."""

from gettok.frames.step import FramesStep

__all__ = ["FramesStep"]
