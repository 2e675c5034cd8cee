"""The sizing guide's figures: one module per chapter, in the guide's order, each figure exactly once.

Guide: "Production Sizing Guide", version 1.0, 2026-02, Platform Team. GB is taken as GiB, 1 TB as 1024 GiB.
"""
