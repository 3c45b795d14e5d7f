"""Sort the channels of a supernet before it trains."""
from mmengine.hooks import Hook
from mmengine.runner import Runner

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.evaluation import unwrapped
from scalenas_mm.registry import HOOKS
from scalenas_mm.spaces import SettingError


@HOOKS.register_module()
class SortChannelsHook(Hook):
    """Before the first iteration, sort channels by importance.

    For a supernet that starts from a trained network, whose channels are in no
    order. A run that is resumed is left alone.

    Raises:
        SettingError: The backbone cannot sort its channels.
    """

    def before_train(self, runner: Runner) -> None:
        if runner.iter > 0:
            return
        model = unwrapped(runner.model)
        network = getattr(model, 'architecture', model)
        backbone = find_searchable(network)
        if not hasattr(backbone, 'sort_channels'):
            raise SettingError('custom_hooks.SortChannelsHook',
                               'a backbone that has sort_channels',
                               type(backbone).__name__)
        backbone.sort_channels(network)
        runner.logger.info('sorted channels by the L1 norm of what reads them')
