# A budget in place of a lambda: the run ends at HR-NAS-A's 1.42 GMACs (table
# 3). For B's: --cfg-options custom_hooks.1.target.macs=2.19e9
_base_ = './hrnas_fcn_supernet_8xb8-200e_ade20k-512x512.py'
custom_hooks = _base_.custom_hooks
custom_hooks[1].target = dict(macs=1.42e9)
