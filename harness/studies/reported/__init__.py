"""Failures that users reported, each run again with the versions they named: does it happen?"""
