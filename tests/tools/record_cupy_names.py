"""Record which names NumPy and CuPy have in common, and how CuPy's are called.

CuPy is no dependency of minigrad's tests, but what minigrad asks of it has to exist.  Its wheel can be
imported on a machine without a GPU, so this was run once, with the versions named in the file::

    pip install cupy-cuda13x
    python tests/tools/record_cupy_names.py tests/recorded/cupy_names.json

The file maps each name (``exp``, ``linalg.inv``, ``add.at``) to the signature of CuPy's function, or to
``null`` if it is a dtype or a constant.  A default that is no literal is written ``...``.
"""

import argparse
import inspect
import json
import re
from pathlib import Path

import numpy as np

MODULES = ("", "linalg")
ADDING_AT = ("add", "subtract", "maximum", "minimum")  # the ufuncs with an ``at`` in CuPy
LITERALS = (type(None), bool, int, float, str)


def signature_text(function):
    """Return the signature of one of CuPy's functions, ``None`` if nothing tells it."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a compiled ufunc says it in the first line of its docstring
        found = re.match(r"[\w.]+(\(.*\))$", (function.__doc__ or "").split("\n")[0])
        text = found and found[1].replace("\\*", "*").replace("(self, ", "(")
        return text if text and "[" not in text else None
    plain = [
        parameter.replace(annotation=parameter.empty, default=shown(parameter.default))
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(plain)).replace("Ellipsis", "...")


def shown(default):
    return default if default is inspect.Parameter.empty or type(default) in LITERALS else ...


def common_names(cupy):
    """Return names that NumPy and CuPy share, with CuPy's signatures."""
    names = {}
    for module in MODULES:
        ours, theirs = (getattr(one, module) if module else one for one in (np, cupy))
        for name in sorted(set(dir(ours)) & set(dir(theirs))):
            value = getattr(theirs, name)
            full = f"{module}.{name}" if module else name
            if name.startswith("_") or inspect.ismodule(value):
                continue
            if isinstance(value, type):
                if issubclass(value, np.generic):
                    names[full] = None
            elif callable(value):
                if (text := signature_text(value)) is not None:
                    names[full] = text
            elif value is None or isinstance(value, float):
                names[full] = None
            if not module and name in ADDING_AT:
                names[f"{name}.at"] = signature_text(value.at)
    return names


if __name__ == "__main__":
    import cupy

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    path = parser.parse_args().file
    record = {"cupy": cupy.__version__, "numpy": np.__version__, "names": common_names(cupy)}
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{len(record['names'])} names of CuPy {cupy.__version__} written to {path}")
