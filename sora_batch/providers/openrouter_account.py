"""Asks OpenRouter what a key is good for: two GETs that cost nothing.

`GET /key` tells of the key itself, `GET /credits` of the account, to management keys only
(documented in its API reference; not tried with a real account). What it does not say stays None.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sora_batch.providers import replies
from sora_batch.providers.connection import Connection
from sora_batch.providers.provider import JobUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the service says of a key. `code` is that of its answer, 0 where none came, `words`
    are its own. `used_usd` is what the key has spent, `limit_usd` its own limit and `left_usd` what
    is left of that, both None where it has none; `credit_usd` is what is left in the account, None
    where the key may not see it."""

    code: int = 0
    words: str = ""
    used_usd: Decimal | None = None
    limit_usd: Decimal | None = None
    left_usd: Decimal | None = None
    credit_usd: Decimal | None = None
    expires_at: datetime | None = None


async def ask_account(server: Connection) -> Account:
    """What the service says of the connection's key. Never raises for what it answers."""
    try:
        response, body = await server.ask("/key")
    except JobUnreachable as error:
        return Account(words=error.message)
    if not response.is_success:
        return Account(code=response.status_code, words=replies.error_words(body)[1])
    data = (replies.parse_json(body) or {}).get("data")
    said = data if isinstance(data, dict) else {}
    return Account(
        code=response.status_code,
        used_usd=replies.money(said.get("usage")),
        limit_usd=replies.money(said.get("limit")),
        left_usd=_left(said.get("limit_remaining")),
        credit_usd=await _credit(server),
        expires_at=replies.moment(said.get("expires_at")),
    )


def _left(value: object) -> Decimal | None:
    """Overdrawn is nothing left."""
    overdrawn = isinstance(value, int | float) and value < 0
    return Decimal(0) if overdrawn else replies.money(value)


async def _credit(server: Connection) -> Decimal | None:
    try:
        _, body = await server.ask("/credits")
    except JobUnreachable:
        return None
    data = (replies.parse_json(body) or {}).get("data")
    said = data if isinstance(data, dict) else {}
    bought = replies.money(said.get("total_credits"))
    used = replies.money(said.get("total_usage"))
    return None if bought is None or used is None else bought - used
