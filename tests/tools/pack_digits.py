"""Make ``minigrad/data/_files/digits.npz`` from the digits that scikit-learn carries.

scikit-learn is no dependency of minigrad or of its tests; this was run once::

    pip install scikit-learn
    python tests/tools/pack_digits.py minigrad/data/_files/digits.npz

The archive holds no date, so the same arrays and the same zlib always give the same bytes.
"""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np


def pack(images: np.ndarray, labels: np.ndarray) -> bytes:
    """Return a compressed npz holding ``images`` (n, 8, 8) and ``labels`` (n,) as uint8."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, array in (("images", images), ("labels", labels)):
            small = array.astype(np.uint8)
            if not np.array_equal(small, array):
                raise ValueError(f"{name} do not fit into uint8 without loss")
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(small), version=(1, 0))
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # zipfile writes 0 on Windows
            member.external_attr = 0o644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(member, content.getvalue())
    return archive.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description="pack scikit-learn's digits for minigrad")
    parser.add_argument("path", type=Path, help="the file to write")
    path = parser.parse_args().path

    from sklearn.datasets import load_digits

    digits = load_digits()
    path.write_bytes(pack(digits.images, digits.target))
    print(hashlib.sha256(path.read_bytes()).hexdigest(), path)


if __name__ == "__main__":
    main()
