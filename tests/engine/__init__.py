"""The real Pulumi engine on the real program, with simulated clouds. Run by ``make engine``."""
