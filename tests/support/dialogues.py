"""The dialogues of the bot, as far as a story takes them for granted."""

from __future__ import annotations

from sandbox.telegram.people import ChatView


async def reach_secret(chat: ChatView, client_id: str, name: str = "Магазин") -> None:
    """Connect a profile up to the question for the secret."""
    for number, typed in enumerate(("/add_profile", name, client_id), 1):
        chat.send(typed)
        await chat.wait_for(f"шаг {number} из 3")


async def reach_new_secret(chat: ChatView, profile_id: int, client_id: str) -> None:
    """Replace the keys of a profile up to the question for the secret."""
    chat.send("/profiles")
    listing = await chat.wait_for("Профили Avito")
    chat.press(f"profile_keys:{profile_id}", listing)
    await chat.wait_for("шаг 1 из 2")
    chat.send(client_id)
    await chat.wait_for("шаг 2 из 2")


async def open_card(chat: ChatView, profile_id: int) -> None:
    chat.send("/profiles")
    await chat.wait_for("Профили Avito")
    chat.click(f"profile_view:{profile_id}")
    await chat.wait_for("Аккаунт Avito")
