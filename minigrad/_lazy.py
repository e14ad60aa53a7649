"""Names that are imported on first use, so that a program loads only what it uses (PEP 562)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def on_first_use(
    here: dict[str, Any], homes: dict[str, str], modules: str = ""
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__all__``, ``__getattr__`` and ``__dir__`` for a table of names and where they are.

    Type checkers do not follow this, and would take a ``__getattr__`` to mean that every name is there:
    the call stands under ``if not TYPE_CHECKING``, and beside it what they are to see.

    Parameters
    ----------
    here : dict
        The ``globals()`` of a package, or of a module in one.
    homes : dict of str
        Module of the package -> names that come from there, with blanks between them; none may be the
        name of a module.
    modules : str
        Modules of the package that are names of it, too.  (The others are attributes without that.)
    """
    package = here["__package__"]
    home_of = {name: module for module, names in homes.items() for name in names.split()}
    listed = [*home_of, *modules.split()]

    def get(name: str) -> Any:
        short = next((f"; did you mean {one!r}?" for one in listed if name.endswith(f"_{one}")), "")
        unknown = AttributeError(f"module {here['__name__']!r} has no attribute {name!r}{short}")
        if name in home_of:
            value = getattr(import_module(f"{package}.{home_of[name]}"), name)
            here[name] = value  # from now on an attribute like any other
            return value
        if "__path__" not in here:  # no package
            raise unknown
        if name.startswith("__") or not name.isidentifier():  # to import __main__ would run it
            raise unknown
        try:
            return import_module(f"{package}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{name}":  # it is there, and something that it needs is not
                raise
            raise unknown from None

    public = sorted(name for name in listed if not name.startswith("_"))
    return public, get, lambda: sorted({*here, *listed} - {"TYPE_CHECKING", "on_first_use"})
