"""The networks of a video model, one call a person; each counts its calls."""
from pathlib import Path
from typing import Any, List

import torch
from torch import Tensor, nn

from scalenas_mm.evaluation import weights_digest
from scalenas_mm.spaces import SettingError


class TorchNetworks:
    """Networks of a ``TViPNet`` by torch.

    Attributes:
        num_frames: Networks beside the key frame's, T.
        counts: How often each ran, the key frame's first.
    """

    def __init__(self, model: nn.Module):
        self.model: Any = model.eval()
        self.num_frames: int = self.model.num_frames
        self.counts: List[int] = [0] * (self.num_frames + 1)

    def key(self, image: Tensor) -> Tensor:
        """Heatmaps ``(1, K, h, w)`` of a crop ``(1, 3, H, W)``."""
        self.counts[0] += 1
        return self._key(image)

    def frame(self, number: int, image: Tensor, heatmaps: Tensor) -> Tensor:
        """Heatmaps of a later frame.

        Args:
            number (int): Which network, from 1 to T.
            image (Tensor): ``(1, 3, H, W)``.
            heatmaps (Tensor): Of the frame before.
        """
        self.counts[number] += 1
        return self._frame(number, image, heatmaps)

    def _key(self, image: Tensor) -> Tensor:
        return self.model.key_heatmaps(image)

    @torch.no_grad()
    def _frame(self, number: int, image: Tensor, heatmaps: Tensor) -> Tensor:
        return self.model.next_heatmaps(image, heatmaps, number - 1)

    def decode(self, heatmaps: Tensor, sample: Any) -> Any:
        """The pose in image space, mmpose's ``pred_instances``."""
        return self.model.decode(heatmaps, [sample])[0].pred_instances


class OnnxNetworks(TorchNetworks):
    """Networks that were exported as ONNX, by onnxruntime on the CPU.

    Args:
        model (nn.Module): The ``TViPNet`` that they are of. It decodes.
        folder (str | Path): With ``NAME.key.onnx``, ``NAME.frame_1.onnx``...
        threads (int): Of a network.

    Raises:
        SettingError: Files are missing, cannot be read, or are of other
            weights; or onnxruntime is not installed.
    """

    def __init__(self, model: nn.Module, folder: Any, threads: int = 1):
        super().__init__(model)
        self.threads = threads
        first = _key_file(Path(folder))
        stem = first.name[:-len('.key.onnx')]
        names = ['key'] + [f'frame_{t + 1}' for t in range(self.num_frames)]
        digest = weights_digest(model)
        self.sessions = [
            self._open(first.with_name(f'{stem}.{name}.onnx'), digest)
            for name in names
        ]

    def _open(self, path: Path, digest: str) -> Any:
        try:
            import onnxruntime as ort
        except ImportError:
            raise SettingError(
                'onnx', "onnxruntime: pip install '"
                "scalenas_mm[onnx]'", 'none') from None
        if not path.is_file():
            raise SettingError('onnx', f'a file {path}', 'none')
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        try:
            session = ort.InferenceSession(
                str(path), options, providers=['CPUExecutionProvider'])
        except Exception as error:  # its classes are not public
            reason = ' '.join(str(error).split())[:160]
            raise SettingError('onnx', f'{path} that can be read',
                               reason) from None
        found = session.get_modelmeta().custom_metadata_map.get('weights')
        if found != digest:
            raise SettingError(
                f'onnx: weights of {path}', f'{digest}, as in the checkpoint '
                '(tools/export.py --onnx writes both)', found)
        return session

    def _key(self, image: Tensor) -> Tensor:
        return self._run(0, image=image)

    def _frame(self, number: int, image: Tensor, heatmaps: Tensor) -> Tensor:
        return self._run(number, image=image, heatmaps=heatmaps)

    def _run(self, number: int, **inputs: Tensor) -> Tensor:
        session = self.sessions[number]
        # a network without fusion takes no heatmaps
        feed = {
            one.name: inputs[one.name].numpy()
            for one in session.get_inputs()
        }
        return torch.from_numpy(session.run(None, feed)[0])


def _key_file(folder: Path) -> Path:
    found = sorted(folder.glob('*.key.onnx'))
    if len(found) != 1:
        raise SettingError('onnx', f'one file *.key.onnx in {folder}',
                           [path.name for path in found])
    return found[0]
