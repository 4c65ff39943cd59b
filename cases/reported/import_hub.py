"""Nothing but the import."""

import tensorflow_hub  # noqa: F401
