"""How it is built: Pulumi component resources with frozen, typed arguments.

No tier names, no configuration, no catalogue: components see specifications (``sizing.specs``) and outputs.
"""
