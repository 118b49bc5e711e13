"""Describing what happens in a video."""

from gettok.describe.step import DescribeStep, asked_of, threads_for

__all__ = ["DescribeStep", "asked_of", "threads_for"]
