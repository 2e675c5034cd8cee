"""From requirements to what a cloud sells: one package per cloud, each with its catalogue and rules."""
