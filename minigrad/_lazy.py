"""Names that are imported on first use, so that a program loads only what it uses (PEP 562)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def on_first_use(
    package: dict[str, Any], homes: dict[str, str], modules: str = ""
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__all__``, ``__getattr__`` and ``__dir__`` of a package whose names lie in its modules.

    Type checkers do not follow this: what they are to see stands beside the call, under
    ``if TYPE_CHECKING``.

    Parameters
    ----------
    package : dict
        The ``globals()`` of the package.
    homes : dict of str
        Module of the package -> names that come from there, with blanks between them.
    modules : str
        Modules of the package that are public themselves.  (The others are attributes, too.)
    """
    package_name = package["__name__"]
    home_of = {name: module for module, names in homes.items() for name in names.split()}
    public = sorted(name for name in (*home_of, *modules.split()) if not name.startswith("_"))

    def get(name: str) -> Any:
        module = f"{package_name}.{home_of.get(name, name)}"
        try:
            found = import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:  # the module is there, and something that it needs is not
                raise
            raise AttributeError(f"module {package_name!r} has no attribute {name!r}") from None
        if name in home_of:
            package[name] = found = getattr(found, name)  # from now on an attribute like any other
        return found

    return public, get, lambda: sorted({*package, *home_of, *homes, *modules.split()})
