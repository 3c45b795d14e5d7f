"""Images of noise and the converters of data sets, for tests of configs."""
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

CONVERTERS = Path(__file__).resolve().parents[1] / 'tools/dataset_converters'


def convert(tool, *arguments):
    """Run a converter of data sets."""
    command = [sys.executable, CONVERTERS / f'{tool}.py', *arguments]
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True)


def write_jpgs(folder, names, size=32):
    generator = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for name in names:
        cv2.imwrite(f'{folder}/{name}',
                    generator.integers(0, 256, (size, size, 3), np.uint8))
