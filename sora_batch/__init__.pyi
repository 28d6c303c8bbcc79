from sora_batch.api import Action as Action
from sora_batch.api import Plan as Plan
from sora_batch.api import RunReport as RunReport
from sora_batch.api import Status as Status
from sora_batch.api import Step as Step
from sora_batch.api import accept as accept
from sora_batch.api import check as check
from sora_batch.api import explain as explain
from sora_batch.api import fetch_pictures as fetch_pictures
from sora_batch.api import load as load
from sora_batch.api import load_plan as load_plan
from sora_batch.api import models as models
from sora_batch.api import plan as plan
from sora_batch.api import refresh_models as refresh_models
from sora_batch.api import retry as retry
from sora_batch.api import run as run
from sora_batch.api import run_sync as run_sync
from sora_batch.api import save_plan as save_plan
from sora_batch.api import schema as schema
from sora_batch.api import status as status

__version__: str
