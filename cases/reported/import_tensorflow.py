"""Nothing but the import."""

import tensorflow  # noqa: F401
