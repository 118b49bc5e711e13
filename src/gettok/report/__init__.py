"""The report: one HTML page with the tables and figures of the GET-Tok paper, and small files for DVC's plots."""
