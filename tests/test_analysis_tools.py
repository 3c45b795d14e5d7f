"""tools/analysis_tools on the command line."""
import subprocess
import sys
from pathlib import Path

import pytest

from scalenas_mm.spaces import ScaleNetArch

ROOT = Path(__file__).resolve().parents[1]
CONFIG = (
    ROOT / 'configs/scalenas/cityscapes/scalenas_w32_subnet_cityscapes.py')

pytest.importorskip('mmseg')


def run(*args, code=0):
    result = subprocess.run([
        sys.executable, '-W', 'ignore',
        ROOT / 'tools/analysis_tools/get_complexity.py', *map(str, args)
    ],
                            capture_output=True,
                            text=True)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stderr if code else result.stdout


def test_prints_unit_and_scope(masks, tmp_path):
    """S1: 265.5 GiMACs and 25.3 M parameters in the paper; its head has 480
    parameters more than mmseg's."""
    arch = ScaleNetArch.from_released(masks['seg_w32_S1']['modules'])
    (tmp_path / 's1.json').write_text(arch.to_json())
    printed = run(CONFIG, '--shape', 512, 1024, '--arch', 'hrnet',
                  tmp_path / 's1.json')
    rows = [[cell.strip() for cell in line.split('│')[1:-1]]
            for line in printed.splitlines() if '│' in line]
    assert [row[1] for row in rows] == ['backbone', 'model'] * 2
    assert rows[0][0] == 'hrnet' and rows[0][6:] == ['108', '62']
    assert rows[2][2:4] == ['25,108,160', f'{253721837568 // 4:,}']
    assert rows[3][2:] == [
        '25,348,659', f'{285116203008 // 4:,}', '71.279', '66.384', '72', '95'
    ]
    for word in ('GMACs (1e9)', 'GiMACs (2^30)', '512 x 1024'):
        assert word in printed


@pytest.mark.parametrize('args, message', [
    (['none.py'], 'config not found: none.py'),
    ([CONFIG, '--arch', 'none.json'], 'expected a dict, a JSON file or one'),
    ([CONFIG, '--shape', '0', '4'], 'positive height and width'),
])
def test_wrong_arguments(args, message):
    assert message in run(*args, code=2)
