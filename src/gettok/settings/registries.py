"""The choices of each setting that names an implementation. A new one is a module and a line here.

They are kept here since settings are checked before any of that code is imported. A choice names its module by the last
part alone, and the code that uses it says the package, as in `choice.load_from("gettok.download.backends")`. Every
stage reads the settings: with whole names here, each would count as using each backend (see `pipeline.code_digest`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType, ModuleType


@dataclass(frozen=True)
class Implementation:
    """An implementation: its module, and in subclasses what others must know of it without loading it."""

    module: str

    def load_from(self, package: str) -> ModuleType:
        """Import the module out of the package that has the implementations. Raises what the import raises."""
        return import_module(f"{package}.{self.module}")


@dataclass(frozen=True)
class DownloadBackend(Implementation):
    #: Whether it asks for the pages of `source.pages`; if not, it reads files that are here already.
    reads_pages: bool = True


@dataclass(frozen=True)
class FrameBackend(Implementation):
    #: What must be installed besides the library itself.
    needs: str = ""


DOWNLOAD_BACKENDS: Mapping[str, DownloadBackend] = MappingProxyType(
    {
        "page": DownloadBackend("page"),
        "ytdlp": DownloadBackend("tool"),
        "pyktok": DownloadBackend("tool"),
        "local": DownloadBackend("local", reads_pages=False),
    }
)

FRAME_BACKENDS: Mapping[str, FrameBackend] = MappingProxyType(
    {
        "pyav": FrameBackend("pyav"),
        "decord": FrameBackend("decord"),
        "opencv": FrameBackend("opencv"),
        "torchcodec": FrameBackend("torchcodec", needs=" with FFmpeg 4, 5, 6 or 7 where the system finds it"),
    }
)


@dataclass(frozen=True)
class AsrBackend(Implementation):
    #: The number formats that it computes in; `auto` is one of these.
    compute_types: tuple[str, ...]


ASR_BACKENDS: Mapping[str, AsrBackend] = MappingProxyType(
    {
        "whisperx": AsrBackend("whisperx", ("int8", "int8_float16", "float16", "float32")),
        "transformers": AsrBackend("transformers", ("float16", "float32")),
    }
)

EMBEDDERS: Mapping[str, Implementation] = MappingProxyType(
    {"charngram": Implementation("charngram"), "transformer": Implementation("transformer")}
)

OCR_BACKENDS: Mapping[str, Implementation] = MappingProxyType({"rapidocr": Implementation("rapidocr")})
