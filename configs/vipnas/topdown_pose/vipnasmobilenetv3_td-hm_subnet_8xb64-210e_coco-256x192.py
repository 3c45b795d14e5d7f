# A network trained from scratch (ViPNAS, Sec. 4.4); by default
# S-ViPNAS-MobileNetV3, as mmpose has it.
#   --cfg-options model.backbone.arch=ARCH.json model.head.arch=ARCH.json
# trains another one, with the file that tools/export.py wrote.
_base_ = './vipnasmobilenetv3_td-hm_8xb64-210e_coco-256x192.py'
arch = dict(
    stem=16,
    stages=[
        dict(depth=1, width=16, expansion=1, kernel=3, groups=8, attention=1),
        dict(
            depth=4, width=24, expansion=5, kernel=7, groups=120, attention=1),
        dict(depth=4, width=40, expansion=4, kernel=7, groups=20, attention=0),
        dict(
            depth=4, width=80, expansion=5, kernel=5, groups=100, attention=1),
        dict(
            depth=4, width=112, expansion=5, kernel=7, groups=280,
            attention=1),
        dict(
            depth=4, width=160, expansion=6, kernel=5, groups=240, attention=1)
    ],
    head=dict(width=160, kernel=4, groups=[160, 160, 160]))
model = dict(backbone=dict(arch=arch), head=dict(arch=arch))
find_unused_parameters = False
