"""Facts of a video's media, which count only after every picture has been decoded.

A file proves nothing by its name, its size or its header: half an mp4 with its index in front opens without complaint.
So `probe` checks the shape of a file, reads it as MP4 and as nothing else, and decodes it to the end, in a child
process. A slideshow is a folder of photos with a sound, and its photos are decoded likewise.
"""

from gettok.media.container import MOST_PICTURES, MOST_PIXELS, check_shape, opened, pictures_of
from gettok.media.facts import MediaFacts
from gettok.media.file import MediaFile
from gettok.media.probing import probe

__all__ = [
    "MOST_PICTURES",
    "MOST_PIXELS",
    "MediaFacts",
    "MediaFile",
    "check_shape",
    "opened",
    "pictures_of",
    "probe",
]
