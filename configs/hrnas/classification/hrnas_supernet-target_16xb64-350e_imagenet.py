# A budget in place of a lambda: the run ends at HR-NAS-A's 267 MMACs (table
# 1). For B's: --cfg-options custom_hooks.1.target.macs=325e6
_base_ = './hrnas_supernet_16xb64-350e_imagenet.py'
custom_hooks = _base_.custom_hooks
custom_hooks[1].target = dict(macs=267e6)
