"""Cost of the recogniser, in closed form."""
from scalenas_mm.spaces import Complexity, NCPArch, NCPSpace
from scalenas_mm.spaces.cost import Size, conv_bn, half

STRIDE_STEPS = 5  # to stride 32


def _map_size(input_size: Size) -> Size:
    """Size of the map that the last convolution runs on."""
    for _ in range(STRIDE_STEPS):
        input_size = half(input_size)
    return input_size


def frame_complexity(arch: NCPArch, input_size: Size) -> Complexity:
    """Parameters of the 2-D layers and their MACs for one frame.

    Args:
        arch (NCPArch): The network.
        input_size (tuple[int]): Height and width of a frame.
    """
    whole = NCPSpace(output_stride=32).complexity(arch, input_size)
    replaced = conv_bn(
        sum(arch.stages[-1].channels), arch.output, 1, _map_size(input_size))
    return whole + replaced * -1


def temporal_complexity(arch: NCPArch, num_frames: int,
                        input_size: Size) -> Complexity:
    """The 3x3x3 convolution and its norm, MACs for a clip.

    Args:
        arch (NCPArch): The network.
        num_frames (int): Frames of the clip.
        input_size (tuple[int]): Height and width of a frame.
    """
    weights = 27 * sum(arch.stages[-1].channels) * arch.output
    height, width = _map_size(input_size)
    return Complexity(weights + 2 * arch.output,
                      weights * num_frames * height * width)


def video_complexity(arch: NCPArch, num_frames: int, input_size: Size,
                     num_classes: int) -> Complexity:
    """The whole recogniser, MACs for a clip.

    Args:
        arch (NCPArch): The network.
        num_frames (int): Frames of the clip.
        input_size (tuple[int]): Height and width of a frame.
        num_classes (int): Outputs of the classifier.
    """
    frame = frame_complexity(arch, input_size)
    classifier = arch.output * num_classes
    return Complexity(frame.params,
                      frame.macs * num_frames) + temporal_complexity(
                          arch, num_frames, input_size) + Complexity(
                              classifier + num_classes, classifier)
