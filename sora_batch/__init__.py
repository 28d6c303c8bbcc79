"""Batch rendering of generative video."""
