"""Code that still uses estimators."""

from tensorflow.compat.v1 import estimator  # noqa: F401
