"""The local provider: a real server of the videos protocol, over a folder.

Imports of the renderer (PyAV, Pillow, numpy) hang on this package: import it late.
"""

from __future__ import annotations

import logging

from sora_batch.simulator.app import SHOT_HEADER, create_app
from sora_batch.simulator.bill import Bill, BillLine
from sora_batch.simulator.broken_answers import HANG_UP
from sora_batch.simulator.faults import Fault, FaultScript
from sora_batch.simulator.latency import Latency
from sora_batch.simulator.settings import SimulatorSettings, Speed
from sora_batch.simulator.simulator import Simulator

__all__ = [
    "HANG_UP",
    "SHOT_HEADER",
    "Bill",
    "BillLine",
    "Fault",
    "FaultScript",
    "Latency",
    "Simulator",
    "SimulatorSettings",
    "Speed",
    "create_app",
]

# In process, its log is its user's business; as a server of its own, it sets one up.
logging.getLogger(__name__).addHandler(logging.NullHandler())
