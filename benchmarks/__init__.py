"""Measurements of minicnn and its peers, taken in the same run: `python -m benchmarks --help`."""
