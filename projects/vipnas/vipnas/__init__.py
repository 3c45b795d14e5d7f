"""ViPNAS in mmpose."""
from .head import ElasticHeatmapHead

__all__ = ['ElasticHeatmapHead']
