"""`python -m sora_batch` is `sora-batch`."""

from sora_batch.cli import main

main()
