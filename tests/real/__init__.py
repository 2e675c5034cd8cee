"""Tests of what is generated, in the real programs: run by path, `python -m pytest tests/real/<part>`.

`python -m tests.real.install [part ...]` installs what they need (tests/real/install.py). Servers listen on
the loopback address only, on free ports, and stop with their test.
"""
