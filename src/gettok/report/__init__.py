"""The report: one HTML page with the tables and figures of the GET-Tok paper, and small files for DVC's plots."""

from gettok.report.examples import shown_videos
from gettok.report.numbers import metrics, plots
from gettok.report.page import write

__all__ = ["metrics", "plots", "shown_videos", "write"]
