"""Assembles clips into a cut: pictures one after another or dissolving, lettering, sound, music.

Frames and samples are made one at a time when the encoder asks for them, so the memory it takes
depends on the size of a frame and not on the length of the cut.
"""
