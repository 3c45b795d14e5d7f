"""The shared tests of all spaces, on ViPNAS's."""
import pytest
from vipnas_spaces import TINY, tiny_space

from scalenas_mm.spaces import ViPNASSpace
from .conformance import SpaceConformance


class TestTiny(SpaceConformance):

    @pytest.fixture(params=TINY)
    def space(self, request):
        return tiny_space(request.param)


class TestAllOutputs(SpaceConformance):

    @pytest.fixture(params=TINY)
    def space(self, request):
        return tiny_space(
            request.param,
            out_indices=(0, 1, 2)[:len(TINY[request.param]['stages'])])


class TestPaper(SpaceConformance):

    @pytest.fixture(params=TINY)
    def space(self, request):
        return ViPNASSpace(request.param)
