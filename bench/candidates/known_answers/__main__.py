"""Makes the workspace of `bench/known_answers.py`.

python -m bench.candidates.known_answers FOLDER VIDEOS
"""

import sys
from pathlib import Path

from bench.candidates.known_answers.study import make

if __name__ == "__main__":
    make(Path(sys.argv[1]).absolute(), int(sys.argv[2]))
