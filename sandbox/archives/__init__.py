"""Stand-ins for four archives on this machine: Zenodo, Dataverse, OSF and the Hugging Face Hub.

Each is a real HTTP server with state, and refuses what the documentation of the real one says that it refuses. Nothing
in them leaves this machine.
"""

from sandbox.archives.server import ArchiveServer, Trouble, stand_in

__all__ = ["ArchiveServer", "Trouble", "stand_in"]
