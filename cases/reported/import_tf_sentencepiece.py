"""Nothing but the import, as the TF1 multilingual models need it."""

import tf_sentencepiece  # noqa: F401
