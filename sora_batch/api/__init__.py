"""The Python API: load a manifest, plan it, run the plan. The command line uses nothing else.

Names are found when they are first used: a plan needs nothing imported that renders. The types
of all this are in `__init__.pyi`; a test holds the two together.
"""

from __future__ import annotations

import importlib

HOMES = {
    "Action": "plans",
    "Plan": "plans",
    "Step": "plans",
    "load": "loading",
    "check": "loading",
    "schema": "loading",
    "plan": "plans",
    "explain": "plans",
    "models": "known_models",
    "refresh_models": "refreshing",
    "save_plan": "saved",
    "load_plan": "saved",
    "ContactSheet": "sheets",
    "contact_sheet": "sheets",
    "GalleryPage": "showing",
    "gallery": "showing",
    "Status": "looking",
    "status": "looking",
    "accept": "changing",
    "made_again": "changing",
    "retry": "changing",
    "fetch_pictures": "fetching",
    "Resolved": "resolving",
    "resolve": "resolving",
    "Cancelled": "cancelling",
    "cancel": "cancelling",
    "ListedJob": "library",
    "list_jobs": "library",
    "adopt_job": "library",
    "download_job": "library",
    "delete_job": "library",
    "Check": "examining",
    "Examination": "examining",
    "examine": "examining",
    "CutReport": "cutting",
    "cut": "cutting",
    "Simulation": "simulating",
    "SimulatorBill": "simulating",
    "simulate": "simulating",
    "check_access": "secrets",
    "Detached": "detaching",
    "detach": "detaching",
    "run": "executing",
    "run_sync": "executing",
    "RunReport": "executing",
}

__all__ = list(HOMES)


def __getattr__(name: str) -> object:
    home = HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
