# Smaller transformers, with nearly the parameters and multiply-accumulates of
# Table 8: encoders whose feed-forward networks do not widen, beside the blocks
# that keep the shape of their input.
_base_ = './mobilenetv2-transformer_8xb32-300e_imagenet.py'
model = dict(
    backbone=dict(
        places=[
            'layer2.1', 'layer3.[12]', 'layer4.[123]', 'layer5.[12]',
            'layer6.[12]'
        ],
        transformer=dict(_delete_=True, decoder=False, ffn_ratio=1)))
