"""Chats of an account: invented ones that read like life, and any number of them for tests."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

ChatType = Literal["u2i", "u2u", "a2u"]
AVITO = 0
_FIRST_BUYER = 900_000_001


@dataclass
class Message:
    id: str
    author: int
    created: int  # unix seconds
    type: str = "text"
    content: dict[str, Any] = field(default_factory=dict)
    is_read: bool = True
    quoted: "Message | None" = None


@dataclass(frozen=True)
class About:
    """The listing that a chat is about."""

    id: int
    title: str
    price: str
    owner: int | None = None  # None: the account whose chats these are
    status: int = 10


@dataclass
class Chat:
    id: str
    buyer: int
    name: str
    created: int
    about: About | None = None
    type: ChatType = "u2i"
    messages: list[Message] = field(default_factory=list)  # the earliest first

    @property
    def updated(self) -> int:
        return self.messages[-1].created if self.messages else self.created

    def is_unread_by(self, account: int) -> bool:
        return any(not one.is_read and one.author != account for one in self.messages)

    def say(self, author: int, text: str = "", at: int | None = None, **message: Any) -> Message:
        """Append a message: a text, or any other with `type` and `content`."""
        said = Message(
            id=message.pop("id", f"{self.id}-{len(self.messages) + 1:06}"),
            author=author,
            created=self.updated + 60 if at is None else at,
            **{"content": {"text": text}, **message},
        )
        self.messages.append(said)
        return said


def make_chats(
    account: int,
    count: int,
    messages: int,
    *,
    until: datetime,
    listings: Sequence[About] = (),
    first: int = 1,
    type: ChatType = "u2i",
) -> list[Chat]:
    """`count` chats of so many messages each, the first the newest; every third is ours.

    They take turns at `listings`. The last message of the newest came at `until`.
    """
    chats = []
    for number in range(first, first + count):
        ends = int(until.timestamp()) - 600 * (number - first)
        chat = Chat(
            id=f"{type}-{number:06}~",
            buyer=_FIRST_BUYER + number,
            name=f"Покупатель {number}",
            created=ends - 60 * messages,
            about=listings[number % len(listings)] if listings else None,
            type=type,
        )
        for n in range(1, messages + 1):
            author = account if n % 3 == 0 else chat.buyer
            chat.say(author, f"Сообщение {n} чата {number}", ends - 60 * (messages - n))
        chats.append(chat)
    return chats


def every_type(account: int, at: datetime) -> Chat:
    """One chat with each type of message that Avito documents, one more, and ugly texts."""
    chat = Chat("u2i-every~type", _FIRST_BUYER, "\u202eالمشتري \U0001f600", int(at.timestamp()))
    for message_type, content in {**_CONTENTS, UNKNOWN_TYPE: {}}.items():
        chat.say(chat.buyer, type=message_type, content=content)
    for text in UGLY_TEXTS:
        chat.say(chat.buyer, text)
    answer = chat.say(account, "Отвечаю на первое")
    answer.quoted = chat.messages[0]
    return chat


_IMAGE = {
    "140x105": "https://img.example/chat/140x105/8.jpg",
    "1280x960": "https://img.example/chat/1280x960/8.jpg",
}
_PLACE = {
    "kind": "house",
    "lat": 55.599799,
    "lon": 37.603954,
    "text": "Москва, Варшавское шоссе, 1",
    "title": "Москва, Варшавское шоссе, 1",
}
_CONTENTS: dict[str, dict[str, Any]] = {
    "text": {"text": "Здравствуйте, ещё продаёте?"},
    "image": {"image": {"sizes": _IMAGE}},
    "link": {"link": {"text": "habr.com", "url": "https://habr.com", "preview": None}},
    "item": {
        "item": {
            "title": "Комод, лофт",
            "item_url": "https://avito.ru/x_7100000002",
            "image_url": "https://img.example/1.webp",
            "price_string": "18 500 ₽",
        }
    },
    "location": {"location": _PLACE},
    "call": {"call": {"status": "missed", "target_user_id": 123456789}},
    "deleted": {},
    "voice": {"voice": {"voice_id": "00000000-0000-0000-0000-000000000009"}},
    "system": {"text": "Автоответ: добрый день!", "flow_id": "flower_161071"},
    "appCall": {},
    "file": {},
    "video": {},
}
UNKNOWN_TYPE = "hologram"
UGLY_TEXTS = (
    '=HYPERLINK("https://evil.example";"Счёт")',
    "+7 999 123-45-67",
    "-1",
    "@SUM(A1:A9)",
    "вертикальная\x0bтабуляция\x00и\x1fпрочее",
    "семья \U0001f468\u200d\U0001f469\u200d\U0001f467 и флаг \U0001f1f7\U0001f1fa",
    "\u202eсправа налево\u202c שלום",
    "половина пары \ud83d осталась",
    "<b>&amp;</b>\r\n\tи отступ",
    "ж" * 40_000,
)


def invent_chats(account: int, listings: Sequence[About], now: datetime) -> list[Chat]:
    """A few chats about each of `listings`, one between people and one with Avito.

    The same for the same account and day; the newest are of yesterday.
    """
    if not listings:
        return []
    dice = random.Random(account)
    yesterday = now.astimezone(UTC) - timedelta(days=1)
    morning = yesterday.replace(hour=6, minute=0, second=0, microsecond=0)
    chats = []
    for number in range(round(len(listings) * 1.3)):
        day = morning - timedelta(days=number * 3 // 2) + timedelta(minutes=dice.randrange(180))
        about = listings[number % len(listings)]
        chats.append(_invented(account, number, about, int(day.timestamp()), dice))
    chats.append(_of_people(account, int(morning.timestamp()) - 86_400))
    chats.append(_of_avito(account, int(morning.timestamp()) - 3 * 86_400))
    return chats


def _invented(account: int, number: int, about: About, at: int, dice: random.Random) -> Chat:
    buyer = _FIRST_BUYER + account % 1_000 * 1_000 + number
    # Avito tells nothing of a listing that is gone.
    is_gone = number % 11 == 10
    chat = Chat(
        id=f"u2i-{account % 100_000:05}{number:04}~",
        buyer=buyer,
        name=_NAMES[number % len(_NAMES)],
        created=at,
        about=None if is_gone else about,
    )
    script = _SCRIPTS[number % len(_SCRIPTS)]
    for line in script:
        author = account if line.startswith(">") else buyer
        pause = dice.choice((1, 2, 4, 9, 35, 140)) if author == account else dice.randrange(1, 12)
        at += 60 * pause
        _play(chat, author, line.lstrip("> "), at, about)
    if script[-1][0] != ">":
        # Nobody has answered, nor opened the newest of them.
        chat.messages[-1].is_read = number >= 2 * len(_SCRIPTS)
    return chat


def _play(chat: Chat, author: int, line: str, at: int, about: About) -> None:
    message_type = line.strip("[]") if line.startswith("[") else "text"
    text = line.format(title=about.title, price=about.price)
    content = _CONTENTS[message_type] if message_type != "text" else {"text": text}
    chat.say(author, at=at, type=message_type, content=content)


def _of_people(account: int, at: int) -> Chat:
    chat = Chat(f"u2u-{account % 100_000:05}~", _FIRST_BUYER + 777, "Сергей (склад)", at)
    chat.type = "u2u"
    chat.say(chat.buyer, "Добрый день! Это по доставке, машина будет в четверг.", at)
    chat.say(account, "Спасибо, ждём.", at + 900)
    return chat


def _of_avito(account: int, at: int) -> Chat:
    chat = Chat(f"a2u-{account % 100_000:05}~", AVITO, "Авито", at, type="a2u")
    text = "Ваши объявления стали видны чаще: посмотрите статистику за неделю."
    chat.say(AVITO, type="system", content={"text": text, "flow_id": "weekly_news"}, at=at)
    return chat


_NAMES = (
    *("Анна", "Дмитрий", "Ольга К.", "Игорь", "Марина Сергеевна", "Рустам", "Ксения", "Павел"),
    *("Наталья", "Алексей Ж.", "Лейла", "Виктор", "😊 Катя", "Артём", "ИП Соколов", "Юлия"),
    *("Николай Петрович", "علي", "=СУММ(1;2)"),
)
# What begins with > is the account's; [type] is a message of that type.
_SCRIPTS: tuple[tuple[str, ...], ...] = (
    (
        "Здравствуйте! {title} ещё продаёте?",
        "> Добрый день! Да, в наличии.",
        "А доставка до Мытищ сколько будет?",
        "> 1 500 ₽ до подъезда, подъём отдельно.",
        "Хорошо, беру. Мой номер 8 916 123-45-67, Анна",
        "> Спасибо! Позвоню завтра до обеда.",
    ),
    ("Добрый вечер, торг уместен?", "> При самовывозе уступлю 5 %.", "Подумаю, спасибо"),
    ("[call]", "Не дозвонился. Размеры подскажите, пожалуйста"),
    (
        "Здравствуйте, а цвет можно другой?",
        "> [system]",
        "> Можно: орех, венге, белёный дуб. Вот пример:",
        "> [image]",
        "Красиво! А срок?",
        "> Две недели после предоплаты.",
        "Понял, а за {price} со скидкой никак?",
        "> К сожалению, нет.",
    ),
    ("Где можно посмотреть?", "> [location]", "> Каждый день с 10 до 20.", "Приеду в субботу"),
    ("[voice]", "> Извините, послушать не могу, напишите, пожалуйста.", "Ладно, проехали"),
    (
        "Видел дешевле: [тут](https://example.com)",
        "[link]",
        "> У нас массив, там шпон. Сравните вес.",
        "[deleted]",
    ),
    ("Актуально?",),
    (
        "Нужно два таких и вот этот",
        "[item]",
        "> За комплект сделаю 10 % скидки.",
        "Отлично! Оформляем. Пишите на почту, счёт на +7 (903) 555-00-11",
        "[file]",
        "> Счёт отправил.",
        "Оплатили, спасибо!",
        "> Вам спасибо! 🙌",
    ),
    ("Обмен интересует?", "> Нет, только продажа."),
    ("Можно фото сбоку?", "> [image]", "> [image]", "А снизу?"),
)
