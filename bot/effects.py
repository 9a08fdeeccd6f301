"""What a handler wants done in Telegram, as data.

Handlers never call Telegram. They say what should be seen; that is stored with the update's
transaction (`replies`) and performed after the commit, so "готово" is never said of something
that was rolled back, and a restart knows what is still owed. Effects hold no secrets.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiogram.types import InlineKeyboardMarkup, ReplyKeyboardMarkup, ReplyKeyboardRemove
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from utils.charts.course import Course

# Left to right: each of the first two has a field that it cannot be without.
Keyboard = Annotated[
    InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove,
    Field(union_mode="left_to_right"),
]


class Document(BaseModel):
    """A file that comes with a message."""

    model_config = ConfigDict(frozen=True)

    kept_as: str
    """Where it lies on the shelf."""
    name: str
    """What people see."""


class Screen(BaseModel):
    """One message as a person sees it: MarkdownV2 text and its buttons, maybe under a picture.

    The picture is kept as what it shows, and drawn when the message leaves.

    The keyboard is one under the message or, where Telegram's own choosers are needed, one in
    place of typing (and the order to take that away again).
    """

    model_config = ConfigDict(frozen=True)

    text: str
    keyboard: Keyboard | None = None
    picture: Course | None = None
    document: Document | None = None
    photo: str | None = None
    """A picture that Telegram has already, by its id there."""
    under_picture: bool = False
    """The words stand under the picture that their message shows already."""

    def fits(self, shown: Screen) -> bool:
        """Whether it can take the place of `shown`: a picture never gives way to words alone."""
        return not shown.under_picture or self.under_picture or self.picture is not None

    @property
    def inline(self) -> InlineKeyboardMarkup | None:
        """The buttons under the message: all that an edit can carry."""
        return self.keyboard if isinstance(self.keyboard, InlineKeyboardMarkup) else None


class Show(BaseModel):
    """Put a screen into a chat: into message `edit` if that can still be edited, else anew."""

    kind: Literal["show"] = "show"
    chat_id: int
    thread_id: int | None = None
    screen: Screen
    edit: int | None = None
    job_id: int | None = None
    """The job that owns the message from then on and starts once it is there."""
    is_silent: bool = False
    reply_to: int | None = None
    """The message of its chat that it answers, as long as that is there."""
    otherwise: Show | None = None
    """What is shown elsewhere when Telegram lets us write nothing here, the job waits then; or
    when it does not get here."""
    profile_id: int | None = None
    """Whose chats it is made of: it does not leave once the profile is gone."""
    task_id: int | None = None
    """The destination by whose schedule it goes: nor once nothing goes there any more."""


class Answer(BaseModel):
    """Answer a button press: stops the spinner, with a notice or an alert if there is text."""

    kind: Literal["answer"] = "answer"
    callback_query_id: str
    text: str | None = None
    alert: bool = False
    url: str | None = None


class Erase(BaseModel):
    """Delete a person's message that holds a secret; if Telegram refuses, say `otherwise`."""

    kind: Literal["erase"] = "erase"
    chat_id: int
    message_id: int
    thread_id: int | None = None
    otherwise: Screen


class StopJob(BaseModel):
    """Stop the running work of a job whose row is gone."""

    kind: Literal["stop_job"] = "stop_job"
    job_id: int


Effect = Annotated[Show | Answer | Erase | StopJob, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Effect] = TypeAdapter(Effect)


def to_json(effect: Effect) -> dict[str, Any]:
    return effect.model_dump(mode="json", exclude_none=True)


def from_json(data: dict[str, Any]) -> Effect:
    return _ADAPTER.validate_python(data)
