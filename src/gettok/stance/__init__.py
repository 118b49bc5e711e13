"""Judging a video's stance towards the study's target."""
