"""Tiny fake packages, models and matrices: one per failure mode, built in the test, run through the real command.

They test how the harness handles failures, never TensorFlow.
"""
