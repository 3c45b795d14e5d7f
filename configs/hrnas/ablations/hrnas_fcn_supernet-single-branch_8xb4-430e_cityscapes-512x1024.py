# Table 6, single branch: a chain down to 1/32, 3x3 convolutions alone. The
# paper does not say how deep and wide it is; here as the last branch of each
# stage.
_base_ = './hrnas_fcn_supernet-multi-branch_8xb4-430e_cityscapes-512x1024.py'
model = dict(
    architecture=dict(
        backbone=dict(
            blocks=((1, ), (0, 2), (0, 0, 3), (0, 0, 0, 4), (0, 0, 0, 4)),
            widths=((24, ), (0, 36), (0, 0, 72), (0, 0, 0, 144), (0, 0, 0,
                                                                  144)))))
