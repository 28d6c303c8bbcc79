from sora_batch.api.changing import accept as accept
from sora_batch.api.changing import retry as retry
from sora_batch.api.executing import RunReport as RunReport
from sora_batch.api.executing import run as run
from sora_batch.api.executing import run_sync as run_sync
from sora_batch.api.fetching import fetch_pictures as fetch_pictures
from sora_batch.api.loading import check as check
from sora_batch.api.loading import load as load
from sora_batch.api.loading import schema as schema
from sora_batch.api.looking import Status as Status
from sora_batch.api.looking import status as status
from sora_batch.api.plans import Action as Action
from sora_batch.api.plans import Plan as Plan
from sora_batch.api.plans import Step as Step
from sora_batch.api.plans import explain as explain
from sora_batch.api.plans import models as models
from sora_batch.api.plans import plan as plan
from sora_batch.api.refreshing import refresh_models as refresh_models
from sora_batch.api.saved import load_plan as load_plan
from sora_batch.api.saved import save_plan as save_plan

HOMES: dict[str, str]
