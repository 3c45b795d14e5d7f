"""What tests of exports have in common."""
import pytest
from tiny_search import runner_of


@pytest.fixture(scope='session')
def searched(tiny):
    """A finished search; its folder."""
    folder = tiny / 'searched'
    runner_of(
        tiny / 'tiny_search.py',
        folder,
        load_from=str(tiny / 'supernet' / 'iter_4.pth')).train()
    return folder
