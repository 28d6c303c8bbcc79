"""Draws text in any script that an installed font covers, for animatics and for captions."""
