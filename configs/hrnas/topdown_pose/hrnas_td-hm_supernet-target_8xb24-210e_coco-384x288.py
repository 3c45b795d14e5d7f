# A budget in place of a lambda: the run ends at HR-NAS-A's 0.35 GMACs (table
# 4). For B's: --cfg-options custom_hooks.2.target.macs=3.72e9
_base_ = './hrnas_td-hm_supernet_8xb24-210e_coco-384x288.py'
custom_hooks = _base_.custom_hooks
custom_hooks[2].target = dict(macs=0.35e9)
