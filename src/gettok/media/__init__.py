"""Facts of a video's media, reported only after every picture has been decoded.

A file's name, size and header prove nothing: half an MP4 with its index at the front opens without an error. So `probe`
checks the structure of a file, reads it as MP4 and as no other format, and decodes it to the end in a child process. A
slideshow is a folder of photos with a sound, and each photo is decoded.
"""

from gettok.media.file import MediaFacts, MediaFile

__all__ = ["MediaFacts", "MediaFile"]
