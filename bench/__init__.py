"""Measurements against stated goals and against peers in the same run; `python -m bench` writes docs/benchmarks.md."""
