"""The stages of the pipeline, and the shell around them."""

import sys

from gettok.pipeline.interrupts import end_quietly

if sys.argv[0] == "-m":  # as in `python -m stages.collect`, whose imports begin now
    end_quietly()
