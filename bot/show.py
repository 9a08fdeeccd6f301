"""The stage of one update: where its screens appear. Edit if it was a button, else answer."""

from __future__ import annotations

from aiogram.types import CallbackQuery, InaccessibleMessage, Message, Update, User

from bot.effects import Answer, Effect, Erase, Screen, Show, StopJob

GROUP_ANONYMOUS_BOT = 1087968824
"""The stand-in sender of every anonymous administrator, in every group."""


class Stage:
    """Collects the effects of one update in the order they should be seen."""

    def __init__(self, update: Update) -> None:
        self._update = update
        self.effects: list[Effect] = []
        query = update.callback_query
        message: Message | InaccessibleMessage | None
        if query is not None:
            message = query.message
        else:
            message = update.message or update.edited_message or update.channel_post
        self.query: CallbackQuery | None = query
        self.message = message
        self._answered = False

    @property
    def chat_id(self) -> int | None:
        if self.message is not None:
            return self.message.chat.id
        return self.query.from_user.id if self.query is not None else None

    @property
    def thread_id(self) -> int | None:
        """The forum topic of the update, None outside topics."""
        if isinstance(self.message, Message) and self.message.is_topic_message:
            return self.message.message_thread_id
        return None

    @property
    def is_topic_unknown(self) -> bool:
        """Whether the message is one of a forum so old that Telegram does not say its topic."""
        return isinstance(self.message, InaccessibleMessage) and bool(self.message.chat.is_forum)

    @property
    def is_offered(self) -> bool:
        """Whether the pressed message has the button; anybody can send the data of any other."""
        if self.query is None or not isinstance(self.message, Message):
            return False
        markup = self.message.reply_markup
        rows = markup.inline_keyboard if markup is not None else []
        return any(button.callback_data == self.query.data for row in rows for button in row)

    @property
    def is_private(self) -> bool:
        return self.message is None or self.message.chat.type == "private"

    @property
    def is_command(self) -> bool:
        return isinstance(self.message, Message) and (self.message.text or "").startswith("/")

    @property
    def person(self) -> User | None:
        """Who acts, None when that cannot be known: a channel, an anonymous administrator."""
        if self.query is not None:
            return self.query.from_user
        if not isinstance(self.message, Message) or self.message.sender_chat is not None:
            return None
        user = self.message.from_user
        return None if user is None or user.id == GROUP_ANONYMOUS_BOT else user

    @property
    def shown(self) -> Screen | None:
        """What stands in the message whose button was pressed, if a screen can take its place."""
        if self._pressed_message_id() is None or not isinstance(self.message, Message):
            return None
        has_picture = bool(self.message.photo)
        if self.message.text is None and not has_picture:
            return None
        return Screen(
            text=self.message.md_text,
            keyboard=self.message.reply_markup,
            under_picture=has_picture,
        )

    def afresh(self) -> Stage:
        """An empty stage for the same update, after its handler failed.

        A secret that was to be erased is erased all the same.
        """
        stage = Stage(self._update)
        stage.effects = [effect for effect in self.effects if isinstance(effect, Erase)]
        return stage

    def show(self, screen: Screen, *, job_id: int | None = None) -> None:
        """The screen a person is led to: replaces the one whose button was pressed, if it can."""
        shown = self.shown
        if shown is None or screen.fits(shown):
            self._put(screen, edit=self._pressed_message_id(), job_id=job_id)
        else:
            self.send(screen, job_id=job_id)

    def send(self, screen: Screen, *, job_id: int | None = None) -> None:
        """A message of its own, below everything else."""
        self._put(screen, job_id=job_id)

    def replace(self, message_id: int, screen: Screen) -> None:
        """A screen in place of an older message of the bot in this chat."""
        self._put(screen, edit=message_id)

    def replace_at(
        self, chat_id: int, thread_id: int | None, message_id: int, screen: Screen
    ) -> None:
        """The same in any chat."""
        self.effects.append(
            Show(chat_id=chat_id, thread_id=thread_id, screen=screen, edit=message_id)
        )

    def tell(
        self,
        chat_id: int,
        screen: Screen,
        *,
        job_id: int | None = None,
        otherwise: Screen | None = None,
    ) -> None:
        """A message to another chat than the one the update came from.

        Where it may not be shown, `otherwise` is said where the update came from.
        """
        instead = None
        if otherwise is not None and self.chat_id is not None:
            instead = Show(chat_id=self.chat_id, thread_id=self.thread_id, screen=otherwise)
        show = Show(chat_id=chat_id, screen=screen, job_id=job_id, otherwise=instead)
        self.effects.append(show)

    def notice(self, text: str | None = None, *, alert: bool = False) -> None:
        """The small notice over the chat; without a button press it becomes nothing."""
        self._answer(Answer(callback_query_id=self._query_id, text=text, alert=alert))

    def lead_to(self, url: str) -> None:
        """Answer a press by opening this link of the bot itself."""
        self._answer(Answer(callback_query_id=self._query_id, url=url))

    def erase(self, otherwise: Screen) -> None:
        """Delete the person's own message of this update."""
        if isinstance(self.message, Message) and self.chat_id is not None:
            self.effects.append(
                Erase(
                    chat_id=self.chat_id,
                    message_id=self.message.message_id,
                    thread_id=self.thread_id,
                    otherwise=otherwise,
                )
            )

    def stop_job(self, job_id: int) -> None:
        self.effects.append(StopJob(job_id=job_id))

    def close(self) -> list[Effect]:
        """All effects; a press nobody answered is answered silently, so no button spins on."""
        if self.query is not None and not self._answered:
            self.notice()
        return self.effects

    @property
    def _query_id(self) -> str:
        return self.query.id if self.query is not None else ""

    def _answer(self, answer: Answer) -> None:
        if self.query is not None and not self._answered:
            self._answered = True
            self.effects.insert(0, answer)

    def _put(self, screen: Screen, *, edit: int | None = None, job_id: int | None = None) -> None:
        if self.chat_id is None:
            return
        self.effects.append(
            Show(
                chat_id=self.chat_id,
                thread_id=self.thread_id,
                screen=screen,
                edit=edit,
                job_id=job_id,
            )
        )

    def _pressed_message_id(self) -> int | None:
        """None also for a message too old for Telegram to hand out: it cannot be edited."""
        if self.query is None or not isinstance(self.message, Message):
            return None
        return self.message.message_id
