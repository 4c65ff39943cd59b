"""Nothing but the import."""

import tensorflow_text  # noqa: F401
