"""tools/analysis_tools on the command line."""
import runpy
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from scalenas_mm.spaces import Complexity, NCPSpace, ScaleNetArch

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / 'tools' / 'analysis_tools' / 'get_flops.py'
PROFILE = TOOL.with_name('profile_space.py')
CONFIG = (
    ROOT / 'configs/scalenas/segmentation/'
    'scalenet-w32_fcn_subnet_8xb3-484e_cityscapes-512x1024.py')

pytest.importorskip('mmseg')


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool inside this process, which has its imports already."""

    def main(*args, code=0, tool=TOOL):
        monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, args)])
        monkeypatch.setattr(sys, 'path', list(sys.path))
        with pytest.raises(SystemExit) if code else nullcontext() as stop:
            runpy.run_path(str(tool), run_name='__main__')
        assert not code or stop.value.code == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return main


def cells(printed):
    return [[cell.strip() for cell in line.split('│')[1:-1]]
            for line in printed.splitlines() if '│' in line]


def test_prints_unit_and_scope(masks, tmp_path, run):
    """S1: 265.5 GiMACs and 25.3 M parameters in the paper; its head has 480
    parameters more than mmseg's."""
    arch = ScaleNetArch.from_released(masks['seg_w32_S1']['modules'])
    (tmp_path / 's1.json').write_text(arch.to_json())
    printed = run(CONFIG, '--shape', 512, 1024, '--arch', 'hrnet',
                  tmp_path / 's1.json')
    rows = cells(printed)
    assert [row[1] for row in rows] == ['backbone', 'model'] * 2
    assert rows[0][0] == 'hrnet' and rows[0][6:] == ['108', '62']
    assert rows[2][2:4] == ['25,108,160', f'{253721837568 // 4:,}']
    assert rows[3][2:] == [
        '25,348,659', f'{285116203008 // 4:,}', '71.279', '66.384', '72', '95'
    ]
    for word in ('GMACs (1e9)', 'GiMACs (2^30)', '512 x 1024'):
        assert word in printed


def test_a_space_whose_networks_share_no_weights(tmp_path, run):
    """The head fits the code of the config only."""
    config = tmp_path / 'ncp.py'
    config.write_text(
        "default_scope = 'mmseg'\nmodel = dict(type='EncoderDecoder', "
        "backbone=dict(type='scalenas_mm.NCPNet', arch='min'), "
        "decode_head=dict(type='FCNHead', in_channels=8, channels=8, "
        'num_convs=0, concat_input=False, num_classes=19))\n')
    rows = cells(run(config, '--shape', 65, 128, '--arch', 'min', 'initial'))
    space = NCPSpace()
    costs = [
        space.complexity(space.resolve(name), (65, 128))
        for name in ('min', 'initial')
    ]
    head = Complexity(8 * 19 + 19, 8 * 19 * 17 * 32)
    assert [row[:4] + row[6:] for row in rows
            ] == [[name, scope, f'{cost.params:,}', f'{cost.macs:,}', *facts]
                  for name, scope, cost, facts in [
                      ('min', 'backbone', costs[0], ('4', '10')),
                      ('min', 'model', costs[0] + head, ('4', '10')),
                      ('initial', 'backbone', costs[1], ('8', '40')),
                  ]]


@pytest.mark.parametrize('args, message', [
    (['none.py'], 'config not found: none.py'),
    ([CONFIG, '--arch', 'none.json'], 'expected a dict, a JSON file or one'),
    ([CONFIG, '--shape', '0', '4'], 'positive height and width'),
])
def test_wrong_arguments(args, message, run):
    assert message in run(*args, code=2)


def test_what_a_space_costs_and_which_limits_can_be_met(run):
    config = CONFIG.with_name('scalenet-w8_fcn_search_digits-96x96.py')
    options = [config, '--samples', 200]
    printed = run(
        *options, '--limit', 'macs=50%', 'params=1', tool=PROFILE, code=2)
    assert 'constraints.params: expected a range that meets' in printed
    printed = run(*options, '--limit', 'macs=50%', 'params=3e5', tool=PROFILE)
    for name in ('max', 'min', 'hrnet', 'random, 50 %', 'architectures'):
        assert name in printed
    macs, = [row[1:] for row in cells(printed) if row[0] == 'macs']
    most, least, *others = [float(cell.rstrip('M')) for cell in macs]
    assert all(least < one < most for one in others)
    assert 'macs <= 27.63M: met by' in printed
    shares = [
        float(line.split('met by ')[1].split(' %')[0])
        for line in printed.splitlines() if 'met by' in line
    ]
    assert len(shares) == 3 and shares[2] <= min(shares[:2]) <= 100
    for wrong in ('macs=much', 'flops=3'):
        assert 'constraints.' in run(
            *options, '--limit', wrong, tool=PROFILE, code=2)
    assert '--samples: expected' in run(
        config, '--samples', 0, tool=PROFILE, code=2)
