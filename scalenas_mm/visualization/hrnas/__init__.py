"""Drawings of HR-NAS."""
