"""Frames of a video as JPEG: which ones, how they are decoded, and the step that takes them."""

from gettok.frames.step import FramesStep

__all__ = ["FramesStep"]
