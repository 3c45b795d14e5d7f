"""What every command keeps: --help is cheap, arguments are parsed first."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = sorted(
    str(path.relative_to(ROOT))
    for folder in (ROOT / 'tools', *ROOT.glob('projects/*/tools'))
    for path in folder.rglob('*.py')
    if not path.name.startswith('_') and '.mim' not in path.parts)
HEAVY = ('torch', 'mmengine', 'mmcv', 'matplotlib', 'pandas', 'numpy', 'cv2',
         'scipy', 'sklearn', 'rich')
RUN = '''
import runpy, sys
sys.argv = [sys.argv[1], *sys.argv[2:]]
sys.path.insert(0, sys.argv[0].rpartition('/')[0])
code = 0
try:
    runpy.run_path(sys.argv[0], run_name='__main__')
except SystemExit as stop:
    code = stop.code
print('loaded', *[name for name in {heavy} if name in sys.modules])
sys.exit(code)
'''


def answer(command, *arguments):
    """Return code, output and the heavy modules that were imported."""
    done = subprocess.run([
        sys.executable, '-c',
        RUN.format(heavy=HEAVY), ROOT / command, *arguments
    ],
                          env=dict(
                              os.environ,
                              PYTHONPATH=str(ROOT),
                              PYTHONWARNINGS='ignore'),
                          capture_output=True,
                          text=True,
                          timeout=120)
    loaded = [
        line.split()[1:] for line in done.stdout.splitlines()
        if line.startswith('loaded')
    ]
    return done, loaded[-1] if loaded else None


@pytest.mark.parametrize('command', COMMANDS)
def test_help_needs_no_heavy_import(command):
    done, loaded = answer(command, '--help')
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'usage: ' in done.stdout
    assert loaded == []


@pytest.mark.parametrize('command, arguments, message', [
    ('train.py', ['none.py'], 'config not found: none.py'),
    ('train.py', ['c.py', '--resume', 'none.pth'], 'not found: none.pth'),
    ('train.py', ['c.py', '--cfg-options', 'a'], 'expected KEY=VALUE'),
    ('test.py', ['c.py', 'none.pth'], 'checkpoint not found: none.pth'),
    ('test.py', ['c.py', 'c.py', '--out', 'x.txt'], 'must end in .json'),
    ('search.py', ['none.py', 'c.py'], 'config not found: none.py'),
    ('export.py', ['c.py', 'none.pth', '--archive', 'a', '--pareto'
                   ], 'checkpoint not found: none.pth'),
    ('export.py', ['c.py', 'c.py', '--archive', 'a'], 'one of the arguments'),
    ('analysis_tools/get_flops.py', ['none.py'], 'config not found'),
    ('analysis_tools/get_flops.py', ['c.py', '--shape', '0'], 'positive'),
    ('analysis_tools/browse_dataset.py', ['c.py'], '--output-dir'),
    ('misc/print_config.py', ['none.py'], 'config not found: none.py'),
    ('model_converters/ncp_released.py', ['a', 'b', '--task', 'seg'
                                          ], 'file not found: a'),
    ('model_converters/hrnas_released.py', ['a', 'b.pth'
                                            ], 'file not found: a'),
    ('model_converters/hrnas_released.py', ['--rows', 'a'], 'give SRC DST'),
    ('model_converters/scalenas_released.py', ['a', 'b', '--task', 'seg'
                                               ], 'file not found: a'),
    ('model_converters/higherhrnet_released.py', ['a', 'b'
                                                  ], 'file not found: a'),
    ('dataset_converters/resize_cityscapes.py', ['a'], 'required: dst'),
])
def test_wrong_arguments_need_no_heavy_import(tmp_path, monkeypatch, command,
                                              arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'c.py').write_text('a = 1\n')
    done, loaded = answer(f'tools/{command}', *arguments)
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
    assert loaded == []
