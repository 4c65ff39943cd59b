"""Facts about a handle that don't need the model."""

from __future__ import annotations

import hashlib


def cache_name(handle: str) -> str:
    """Return the folder's name below TFHUB_CACHE_DIR: SHA-1 of the handle exactly as the user wrote it.

    Read in `compressed_module_resolver.py` of tensorflow_hub 0.11.0, 0.12.0 and 0.16.1: nothing is stripped or added first,
    so a trailing slash or a query makes another folder.
    """
    return hashlib.sha1(handle.encode("utf-8"), usedforsecurity=False).hexdigest()
