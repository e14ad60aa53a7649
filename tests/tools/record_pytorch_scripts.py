"""Record what the scripts of ``tests/scripts`` print with PyTorch.

PyTorch is no dependency of minigrad or of its tests; this was run once, with version 2.13.0::

    pip install torch --index-url https://download.pytorch.org/whl/cpu
    python tests/tools/record_pytorch_scripts.py tests/recorded/pytorch_scripts.json
"""

import argparse
import json
import sys
from pathlib import Path

import torch

TESTS = Path(__file__).parents[1]
sys.path.append(str(TESTS))

from pytorch_code import output_of  # noqa: E402

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="where the record is written, as JSON")
    path = parser.parse_args().file
    record = {"torch": torch.__version__.split("+")[0], "output": {}}
    for script in sorted(TESTS.glob("scripts/*.py")):
        record["output"][script.stem] = output_of(script.read_text(encoding="utf-8"))
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
