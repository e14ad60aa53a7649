"""Benchmarks of minigrad beside its peers: ``python -m tests.benchmarks`` (see README.md)."""
