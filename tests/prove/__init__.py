"""The real scheduler agrees: every plan's nodes and pods, given to Kubernetes' own control plane."""
