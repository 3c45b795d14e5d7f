"""Everything but the files for mim is declared in setup.cfg."""
import os
import os.path as osp
import shutil
from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = osp.dirname(osp.abspath(__file__))
PACKAGE = 'scalenas_mm'
MIM_ENTRIES = ('configs', 'tools', 'demo', 'projects', 'model-index.yml')


class BuildWithMim(build_py):
    """Put configs, tools and the model index where mim looks for them.

    mim searches ``.mim`` inside the package. A wheel holds copies; an editable
    install holds links, so that edits are seen at once.
    """

    def run(self):
        super().run()
        if self.editable_mode:
            self._link()
        else:
            self._copy()

    def get_outputs(self, include_bytecode=1):
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else outputs + self._copied()

    def _link(self):
        folder = osp.join(ROOT, PACKAGE, '.mim')
        os.makedirs(folder, exist_ok=True)
        for entry in MIM_ENTRIES:
            link = osp.join(folder, entry)
            if osp.islink(link):
                os.remove(link)
            os.symlink(osp.join('..', '..', entry), link)

    def _copy(self):
        shutil.rmtree(self._target(), ignore_errors=True)
        os.makedirs(self._target())
        ignore = shutil.ignore_patterns('__pycache__', '*.pyc', '.*')
        for entry in MIM_ENTRIES:
            source = osp.join(ROOT, entry)
            target = osp.join(self._target(), entry)
            if osp.isdir(source):
                shutil.copytree(source, target, ignore=ignore)
            else:
                shutil.copy2(source, target)

    def _target(self):
        return osp.join(self.build_lib, PACKAGE, '.mim')

    def _copied(self):
        return [
            osp.join(folder, name)
            for folder, _, names in os.walk(self._target()) for name in names
        ]


setup(cmdclass={'build_py': BuildWithMim})
