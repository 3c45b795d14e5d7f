# A network trained from scratch (ViPNAS, Sec. 4.4); by default HRNet, since
# the network of the paper was never released.
#   --cfg-options model.backbone.arch=ARCH.json model.head.arch=ARCH.json
# trains another one, with the file that tools/export.py wrote.
_base_ = './vipnashrnet_td-hm_8xb64-210e_coco-256x192.py'
arch = dict(
    stem=64,
    stages=[
        dict(depth=4, width=64, expansion=1, kernel=3, groups=1, attention=0),
        dict(
            depth=4,
            width=[32, 64],
            expansion=[1, 1],
            kernel=[3, 3],
            groups=[1, 1],
            attention=[0, 0]),
        dict(
            depth=16,
            width=[32, 64, 128],
            expansion=[1, 1, 1],
            kernel=[3, 3, 3],
            groups=[1, 1, 1],
            attention=[0, 0, 0]),
        dict(
            depth=12,
            width=[32, 64, 128, 256],
            expansion=[1, 1, 1, 1],
            kernel=[3, 3, 3, 3],
            groups=[1, 1, 1, 1],
            attention=[0, 0, 0, 0])
    ],
    head=None)
model = dict(backbone=dict(arch=arch), head=dict(arch=arch))
find_unused_parameters = False
