"""`/_sandbox/…`: lets another process (a page, a demo, a bench) be the people of the world.

Every POST takes one JSON object. A chat is named by `chat_id` (and, for a private chat, the
`bot` username; the only bot may be left out), a topic by `thread_id`, a person by `user_id`.
"""

import functools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from aiohttp import web

from sandbox.telegram.bots import Bot
from sandbox.telegram.model import Chat, Json, Message
from sandbox.telegram.people import ChatView, Person
from sandbox.telegram.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Action = Callable[[World, Json], Json]


def add_control_routes(app: web.Application, world: World) -> None:
    app.middlewares.append(_complaints)
    for name, action in _POSTS.items():
        app.router.add_post(f"/_sandbox/{name}", functools.partial(_post, world, action))
    for name, look in _GETS.items():
        app.router.add_get(f"/_sandbox/{name}", functools.partial(_get, world, look))
    app.router.add_get("/_sandbox/events", functools.partial(_events, world))
    app.router.add_get("/_sandbox/files/{file_id}", functools.partial(_file, world))


@web.middleware
async def _complaints(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What people and the page ask wrongly is answered with 400 and the reason."""
    if not request.path.startswith(("/_sandbox/", "/page/")):
        return await handler(request)
    try:
        return await handler(request)
    except (LookupError, PermissionError, ValueError, TypeError, ArithmeticError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


async def _post(world: World, action: Action, request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    if not isinstance(asked, dict):
        raise TypeError("the body must be one JSON object")
    return web.json_response(action(world, asked))


async def _get(world: World, look: Action, request: web.Request) -> web.StreamResponse:
    return web.json_response(look(world, dict(request.query)))


async def _events(world: World, request: web.Request) -> web.StreamResponse:
    """Long poll: `after` (seq), `chat` (key), `timeout` in real seconds."""
    query = request.query
    events = await world.events.wait_after(
        int(query.get("after", 0)), query.get("chat"), float(query.get("timeout", 25))
    )
    return web.json_response({"events": [event.as_json() for event in events]})


async def _file(world: World, request: web.Request) -> web.StreamResponse:
    stored = world.files.by_id(request.match_info["file_id"])
    if stored is None:
        raise web.HTTPNotFound
    headers = {"Content-Disposition": f"inline; filename*=UTF-8''{quote(stored.name)}"}
    return web.Response(body=stored.data, content_type=stored.mime_type, headers=headers)


# Who and where


def _bot(world: World, asked: Json) -> Bot:
    name = asked.get("bot")
    found = [b for b in world.bots.values() if name in (None, b.username, str(b.id))]
    if len(found) != 1:
        raise LookupError("name the bot")
    return found[0]


def _person(world: World, asked: Json) -> Person:
    return world.people[int(asked["user_id"])]


def _chat(world: World, asked: Json) -> Chat:
    return world.chats[int(asked["chat_id"])]


def _view(world: World, asked: Json) -> ChatView:
    person = _person(world, asked)
    chat_id = int(asked.get("chat_id") or person.id)
    if chat_id == person.id:
        return person.private(_bot(world, asked))
    chat = world.chats[chat_id]
    thread_id = asked.get("thread_id")
    return person.at(chat, chat.topics[int(thread_id)] if thread_id else None)


def _message(view: ChatView, asked: Json, field: str = "message_id") -> Message | None:
    return view.chat.messages[int(asked[field])] if asked.get(field) else None


# What people do


def _add_bot(world: World, asked: Json) -> Json:
    return world.add_bot(asked["token"], asked["username"], asked.get("name", "Бот")).as_json()


def _add_user(world: World, asked: Json) -> Json:
    names = ("id", "last_name", "username", "language")
    return world.user(asked["name"], **_only(asked, *names)).user.as_json()


def _add_chat(world: World, asked: Json) -> Json:
    make = {"group": world.group, "supergroup": world.supergroup, "channel": world.channel}
    people = [world.people[int(user_id)] for user_id in asked.get("members", [])]
    bots = [_bot(world, {"bot": name}) for name in asked.get("bots", [])]
    creator = _person(world, asked)
    return make[asked["type"]](asked["title"], creator, *people, *bots).as_json()


def _add_topic(world: World, asked: Json) -> Json:
    topic = world.topic(_chat(world, asked), asked["name"], _person(world, asked))
    return {"thread_id": topic.id, "name": topic.name}


def _send(world: World, asked: Json) -> Json:
    view = _view(world, asked)
    sent = view.send(asked["text"], reply_to=_message(view, asked, "reply_to_message_id"))
    return {"message": sent.as_seen()}


def _click(world: World, asked: Json) -> Json:
    view = _view(world, asked)
    done = view.click(asked["button"], _message(view, asked))
    if isinstance(done, Message):
        return {"message": done.as_seen()}
    return {"callback_query_id": done.id}


def _press(world: World, asked: Json) -> Json:
    view = _view(world, asked)
    message = _message(view, asked)
    if message is None:
        raise LookupError("message_id is needed")
    return {"callback_query_id": view.press(asked["data"], message).id}


def _share_chat(world: World, asked: Json) -> Json:
    shared = world.chats[int(asked["shared_chat_id"])]
    return {"message": _view(world, asked).share_chat(shared, asked["button"]).as_seen()}


def _follow_group_link(world: World, asked: Json) -> Json:
    person, bot = _person(world, asked), _bot(world, asked)
    sent = person.follow_group_link(bot, asked["payload"], _chat(world, asked))
    return {"message": sent.as_seen()}


def _forward(world: World, asked: Json) -> Json:
    chat = world.chats_with_id(int(asked["from_chat_id"]))[0]
    source = chat.messages[int(asked["message_id"])]
    return {"message": _view(world, asked).forward(source).as_seen()}


def _member(world: World, asked: Json) -> Json:
    """`action`: block, unblock, join, leave, or what a person does to a bot: kick_bot …"""
    person, bot, action = _person(world, asked), _bot(world, asked), asked["action"]
    if action in ("block", "unblock"):
        (person.block if action == "block" else person.unblock)(bot)
    elif action in ("join", "leave"):
        (person.join if action == "join" else person.leave)(_chat(world, asked))
    else:
        deeds = {
            "add_bot": person.add_bot,
            "kick_bot": person.kick_bot,
            "promote_bot": person.promote_bot,
            "demote_bot": person.demote_bot,
            "mute_bot": person.mute_bot,
        }
        deeds[action](_chat(world, asked), bot)
    return {}


def _migrate(world: World, asked: Json) -> Json:
    return _person(world, asked).migrate(_chat(world, asked)).as_json()


# What happens to the world


def _add_fault(world: World, asked: Json) -> Json:
    world.fault(**asked)
    return {"active": len(world.faults.active)}


def _clear_faults(world: World, _asked: Json) -> Json:
    world.clear_faults()
    return {"active": len(world.faults.active)}


def _set_clock(world: World, asked: Json) -> Json:
    if "scale" in asked:
        world.clock.scale = float(asked["scale"])
    world.clock.advance(timedelta(seconds=float(asked.get("advance_seconds", 0))))
    return _clock(world, asked)


def _inject(world: World, asked: Json) -> Json:
    return {"update_id": world.inject_update(asked["update"], _bot(world, asked))}


# What there is to see


def _clock(world: World, _asked: Json) -> Json:
    return {"now": world.iso_now(), "scale": world.clock.scale}


def _read_chat(world: World, asked: Json) -> Json:
    view = _view(world, asked)
    messages = [seen.message.as_seen() for seen in view.messages]
    notices = [{"text": n.text, "is_alert": n.is_alert, "url": n.url} for n in view.notices]
    return {"key": view.chat.key, "messages": messages, "notices": notices}


def _read_history(world: World, asked: Json) -> Json:
    calls = world.history.calls[int(asked.get("after", 0)) :]
    return {"calls": [call.as_json() for call in calls]}


def _overview(world: World, _asked: Json) -> Json:
    return {
        "bots": [bot.as_json() for bot in world.bots.values()],
        "users": [person.user.as_json() for person in world.people.values()],
        "chats": [chat.as_json() for chat in world.chats.values()],
        "last_event": world.events.last_seq,
    }


def _only(asked: Json, *names: str) -> dict[str, Any]:
    return {name: asked[name] for name in names if name in asked}


_POSTS: dict[str, Action] = {
    "bots": _add_bot,
    "users": _add_user,
    "chats": _add_chat,
    "topics": _add_topic,
    "send": _send,
    "click": _click,
    "press": _press,
    "share_chat": _share_chat,
    "follow_group_link": _follow_group_link,
    "forward": _forward,
    "member": _member,
    "migrate": _migrate,
    "faults": _add_fault,
    "faults/clear": _clear_faults,
    "clock": _set_clock,
    "updates": _inject,
}
_GETS: dict[str, Action] = {
    "overview": _overview,
    "chat": _read_chat,
    "history": _read_history,
    "clock": _clock,
}
