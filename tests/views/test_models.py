"""The catalog as a table, in full, and as JSON."""

from __future__ import annotations

from datetime import date

from sora_batch.catalog import load_catalog
from sora_batch.views.models import models_json, models_text, service_text

TODAY = date(2026, 11, 23)
MODELS = load_catalog().models()


def test_table_fits_80_columns_and_names_date_and_source_of_the_prices() -> None:
    text = models_text(MODELS, today=TODAY, width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert "  sora-2      720x1280 to 1280x720   4 to 20  gone 2026-09-24\n" in text
    assert "openai: OpenAI https://api.openai.com/v1, closed since 2026-09-24\n" in text
    assert "prices of 2026-08-02, from the maker's own pages:" in text
    assert all(model.name in text for model in MODELS)


def test_one_service_shows_every_price() -> None:
    models = load_catalog().models("openai")
    text = service_text("openai", models, today=TODAY, width=80)
    assert "  sora-2-pro (gone since 2026-09-24)\n" in text
    assert "    price   720p: $0.30 a second\n            1024p: $0.50 a second\n" in text


def test_a_service_without_models_says_why() -> None:
    text = service_text("sglang", (), today=TODAY, width=80)
    assert text == "sglang: SGLang\n  renders the one model it was started with"


def test_json_has_prices_as_strings_and_whether_a_model_is_gone() -> None:
    told = models_json(load_catalog().models("openai"), today=TODAY)
    models = told["models"]
    assert isinstance(models, list)
    first = models[0]
    assert isinstance(first, dict)
    assert (first["name"], first["gone"], first["shutdown"]) == ("sora-2", True, "2026-09-24")
    assert first["seconds"] == ["4", "8", "12", "16", "20"]
