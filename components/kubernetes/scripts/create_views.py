"""Create the views that LiteLLM otherwise creates at its first start, where its role may not create anything.

Runs in LiteLLM's own image after its migrations, as the role that owns the tables. The views feed spend
reports only, so a failure is printed and does not fail the deployment.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import Any


async def create() -> None:
    """Connect with the migrations' settings and let LiteLLM create what is missing."""
    views: Any = importlib.import_module("litellm.proxy.db.create_views")
    settings: Any = importlib.import_module("litellm.proxy.db.db_url_settings").DatabaseURLSettings
    client: Any = importlib.import_module("prisma").Prisma
    settings.from_env().apply_to_env()  # DATABASE_URL from DATABASE_HOST, DATABASE_USER and so on
    database = client()
    await database.connect()
    try:
        await views.create_missing_views(database)
    finally:
        await database.disconnect()


if __name__ == "__main__":
    try:
        asyncio.run(create())
    except Exception:
        logging.exception("the views are missing: LiteLLM runs without them, its spend reports do not")
