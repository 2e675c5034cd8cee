"""Tests of the sizing model."""
