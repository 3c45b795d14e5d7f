"""Closed-form cost against published and measured numbers."""
import pytest

from scalenas_mm.spaces import (ArchError, Complexity, CostModel, ScaleNetArch,
                                ScaleNetSpace, SettingError)

# params and MACs of the backbone; all layers that the released code executes
GOLDEN = dict(
    seg_w32_S1=(25_108_160, 253_721_837_568),
    seg_w32_S2=(28_261_440, 300_907_757_568),
    w32_256_P1=(28_483_072, 7_458_324_480),
    w32_256_P2=(35_613_760, 8_601_993_216))
# head: params and MACs of the whole model
TOTAL = dict(
    seg_w32_S1=(25_349_139, 285_116_203_008),
    seg_w32_S2=(28_502_419, 332_302_123_008),
    w32_256_P1=(28_483_633, 7_459_995_648),
    w32_256_P2=(35_614_321, 8_603_664_384))


@pytest.mark.parametrize('name', GOLDEN)
def test_released_networks_to_the_integer(masks, name):
    mask = masks[name]
    space = ScaleNetSpace(32, multi_scale_output=mask['task'] == 'seg')
    arch = ScaleNetArch.from_released(mask['modules'])
    assert space.complexity(arch, mask['input']) == Complexity(*GOLDEN[name])
    head = Complexity(TOTAL[name][0] - GOLDEN[name][0],
                      TOTAL[name][1] - GOLDEN[name][1])
    costs = CostModel(space, tuple(mask['input']), head, drop_dead=False)
    assert costs(arch)['params'] == mask['params']
    assert costs(arch)['macs'] == mask['macs']


@pytest.mark.parametrize('width, size, multi_scale, params, gmacs', [
    (32, (256, 192), False, 28.536, 7.645),
    (48, (256, 192), False, 63.596, 15.692),
    (48, (384, 288), False, 63.596, 35.307),
])
def test_hrnet_pose_as_published(width, size, multi_scale, params, gmacs):
    """HRNet with its 17-joint head: one 1x1 convolution with bias."""
    space = ScaleNetSpace(width, multi_scale)
    positions = (size[0] // 4) * (size[1] // 4)
    head = Complexity(17 * width + 17, 17 * width * positions)
    cost = space.complexity(space.hrnet_arch(), size) + head
    assert cost.params / 1e6 == pytest.approx(params, abs=5e-4)
    assert cost.macs / 1e9 == pytest.approx(gmacs, abs=5e-4)


def test_hrnet_segmentation_as_published():
    """HRNet-W48 with its 19-class head: 65.859 M, 747.513 GMACs."""
    space = ScaleNetSpace(48)
    positions, wide = 256 * 512, 15 * 48
    head = Complexity(wide * wide + 3 * wide + 19 * wide + 19,
                      (wide * wide + 19 * wide) * positions)
    cost = space.complexity(space.hrnet_arch(), (1024, 2048)) + head
    assert cost.params / 1e6 == pytest.approx(65.859, abs=5e-4)
    assert cost.macs / 1e9 == pytest.approx(747.513, abs=5e-4)
    assert cost.macs / 2**30 == pytest.approx(696.176, abs=5e-4)


def test_dead_layers_cost_nothing_when_dropped(masks):
    mask = masks['w32_256_P1']
    space = ScaleNetSpace(32, multi_scale_output=False)
    arch = ScaleNetArch.from_released(mask['modules'])
    live = space.complexity(arch, mask['input'], drop_dead=True)
    assert live == space.complexity(space.live(arch), mask['input'])
    assert live.macs < GOLDEN['w32_256_P1'][1]


def test_an_architecture_of_another_space_has_no_cost():
    arch = ScaleNetSpace(num_modules=(1, 1, 1)).min_arch()
    space = ScaleNetSpace()
    with pytest.raises(ArchError, match='expected 8 modules, got 3'):
        space.complexity(arch, (64, 64))
    with pytest.raises(ArchError, match="a ScaleNetArch, got 'hrnet'"):
        space.complexity('hrnet', (64, 64))


@pytest.mark.parametrize('size', [(0, 4), (4, ), 'ab', (4.5, 4), None])
def test_wrong_input_size(size):
    space = ScaleNetSpace()
    with pytest.raises(SettingError, match='input_size'):
        space.complexity(space.min_arch(), size)
