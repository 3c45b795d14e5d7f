# A network trained from scratch (ViPNAS, Sec. 4.4); by default
# S-ViPNAS-Res50, as mmpose has it.
#   --cfg-options model.backbone.arch=ARCH.json model.head.arch=ARCH.json
# trains another one, with the file that tools/export.py wrote.
_base_ = './vipnasresnet_td-hm_8xb64-210e_coco-256x192.py'
arch = dict(
    stem=48,
    stages=[
        dict(depth=4, width=80, expansion=1, kernel=3, groups=16, attention=1),
        dict(
            depth=6, width=160, expansion=1, kernel=5, groups=16, attention=0),
        dict(
            depth=7, width=304, expansion=1, kernel=5, groups=16, attention=1),
        dict(
            depth=3, width=608, expansion=1, kernel=5, groups=16, attention=1)
    ],
    head=dict(width=144, kernel=4, groups=[16, 16, 16]))
model = dict(backbone=dict(arch=arch), head=dict(arch=arch))
find_unused_parameters = False
