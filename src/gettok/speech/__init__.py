"""Transcripts: where there is speech in a video, what is said, and how far the text can be trusted."""

from gettok.speech.step import TranscribeStep

__all__ = ["TranscribeStep"]
