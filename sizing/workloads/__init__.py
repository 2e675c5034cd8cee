"""Every pod the platform itself runs, from the requirements: the one source of requests, replicas and spread.

The cloud's own pods come from ``sizing.clouds``. A chart's defaults are never relied on: what a release would
decide by itself is decided here and set in its values.
"""
