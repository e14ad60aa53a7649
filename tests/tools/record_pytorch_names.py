"""Record what PyTorch answers to the lines of ``tests/test_pytorch_names.py``.

PyTorch is no dependency of minigrad or of its tests; this was run once, with version 2.13.0::

    pip install torch --index-url https://download.pytorch.org/whl/cpu
    python tests/tools/record_pytorch_names.py tests/recorded/pytorch_names.json
"""

import argparse
import json
import sys
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[1]))

from pytorch_code import plain, run  # noqa: E402
from test_pytorch_names import NAMES, START  # noqa: E402


def record():
    results = {}
    for name, code in NAMES.items():
        results[name] = plain(run(START + code)[0])
        torch.set_default_device(None)
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="where the record is written, as JSON")
    path = parser.parse_args().file
    results = ",\n".join(
        f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'))}"
        for name, value in record().items()
    )
    version = torch.__version__.split("+")[0]
    path.write_text(f'{{"torch":"{version}","results":{{\n{results}\n}}}}\n', encoding="utf-8")
