# Smaller transformers, with nearly the parameters and multiply-accumulates of
# Table 8: encoders whose feed-forward networks do not widen.
_base_ = './shufflenetv2-transformer_16xb64-300e_imagenet.py'
model = dict(
    backbone=dict(transformer=dict(_delete_=True, decoder=False, ffn_ratio=1)))
