"""What is needed: the sizing model. Pure Python and pydantic; no Pulumi, no network, clock or printing."""
