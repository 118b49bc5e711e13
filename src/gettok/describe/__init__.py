"""Describes what happens in a video, and the text on its screen."""

from gettok.describe.step import DescribeStep, answer_settings, threads_for

__all__ = ["DescribeStep", "answer_settings", "threads_for"]
