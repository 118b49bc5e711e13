"""What is said in a video: where somebody speaks, the words, and how far they can be trusted."""

from gettok.speech.step import TranscribeStep

__all__ = ["TranscribeStep"]
