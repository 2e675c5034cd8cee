"""Rules by which a provider refuses an order: what they say, where that can be read, and who keeps them.

A rule is kept in one of three ways, or several: the model picks what the provider takes (``model``), a
setting of the stack that breaks it is refused (``overrides``, the paths that are), or the components never
write the arguments that break it (``components``). Figures stand in the cloud's ``limits`` module, once.
"""

from __future__ import annotations

from sizing.errors import SizingError
from sizing.specs import Spec


class Rule(Spec):
    """One constraint of a service. ``limit`` says it with its figures, ``source`` is its page."""

    id: str
    service: str
    limit: str
    source: str
    model: str = ""
    overrides: tuple[str, ...] = ()
    components: str = ""

    def refusal(self, path: str, value: object, why: str, remedy: str) -> SizingError:
        """The error for a setting that breaks this rule: ``why`` with the case's figures, then the source."""
        return SizingError(path, value, f"{why} ({self.source})", remedy)

    def most(self, path: str, value: int, limit: int, why: str = "") -> None:
        """Refuse a value above ``limit``. Raises SizingError."""
        if value > limit:
            raise self.refusal(path, value, why or self.limit, f"Set {path} to at most {limit}.")

    def least(self, path: str, value: int, limit: int, why: str = "") -> None:
        """Refuse a value below ``limit``. Raises SizingError."""
        if value < limit:
            raise self.refusal(path, value, why or self.limit, f"Set {path} to at least {limit}.")
