"""Errors are facts with a home: one class is one fact, its ids and times are attributes.

ProductError
├── SettingsError            a setting is missing or malformed; names the variable
├── SecretKeyError           a key is missing, unknown or does not fit the ciphertext
├── SchemaError              the database is not at the revision this code needs
├── DatabaseAway             no answer from the database: it may come back
├── DatabaseRefused          the database says no: a setting must change
├── TelegramAway             Telegram does not answer: it may come back
├── AnotherWorker            somebody else is at work on this DATA_DIR or database
├── ProfileNotFound          no such profile, or not this person's: the same answer
├── ShownElsewhere           its owner asks for a profile where others read, and it does not report
├── TopicUnknown             nobody can say in which topic of a forum something should appear
├── DestinationNotFound      no such destination, or not this person's: the same answer
├── AlreadyConnected         the owner has this Avito account already
├── AnotherAccount           new keys open another account than the profile's
├── JobAlreadyRunning        the same work is under way
├── DeliveryRefused          Telegram will not take this report, whoever sends it
└── AvitoError               everything Avito can say or fail to say
    ├── KeysRefused          wrong client_id / client_secret
    ├── EmployeeKey          an employee's key: sees nothing of the company
    ├── SubscriptionRequired 402, the feature is not paid for
    ├── Forbidden            403 that is not about the token
    ├── NotFound             404, a foreign id or "not for your tariff"
    ├── BadRequest           400, our request is wrong: a defect of ours
    ├── RateLimited          429 or our own gate; says when to come back
    ├── Unavailable          5xx, timeout, no connection
    └── UnexpectedAnswer     HTML, malformed JSON, a shape no contract knows

What a person reads about each lives in `bot/screens/problems.py`, nowhere else.
"""

from __future__ import annotations

from datetime import datetime


class ProductError(Exception):
    """The root of everything this product raises on purpose."""


class SettingsError(ProductError):
    """A setting is missing or malformed. The sentence names the variable, never its value."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable}: {reason}")
        self.variable = variable
        self.reason = reason


class SecretKeyError(ProductError):
    """A secret cannot be read or written with the keys at hand. Never carries the secret."""


class SchemaError(ProductError):
    """The database schema is not the one this code was written for."""


class DatabaseAway(ProductError):
    """No answer from the database. The same settings may work in a moment."""


class TelegramAway(ProductError):
    """No answer from Telegram, for longer than the worker waits."""


class DatabaseRefused(ProductError):
    """The database or the file system says no: waiting does not help, a setting must change."""


class AnotherWorker(ProductError):
    """A bot has one worker at a time, and another one did not end."""


class ProfileNotFound(ProductError):
    """No such profile for this owner. A stranger's profile gives the very same answer."""

    def __init__(self, profile_id: int) -> None:
        super().__init__(f"profile {profile_id} not found")
        self.profile_id = profile_id


class ShownElsewhere(ProductError):
    """The profile does not report there, so its owner cannot bring it up there either."""

    def __init__(self, profile_id: int) -> None:
        super().__init__(f"profile {profile_id}")
        self.profile_id = profile_id


class AnotherReport(ProductError):
    """The pressed message is the report of another profile, and has no such button."""


class TopicUnknown(ProductError):
    """A message of a forum so old that Telegram does not say in which topic it is."""


class DestinationNotFound(ProductError):
    """No such destination for this owner. A stranger's gives the very same answer."""

    def __init__(self, task_id: int) -> None:
        super().__init__(f"destination {task_id} not found")
        self.task_id = task_id


class AlreadyConnected(ProductError):
    """This owner has this Avito account already, as `profile_id`."""

    def __init__(self, profile_id: int, profile_name: str) -> None:
        super().__init__(f"account already connected as profile {profile_id}")
        self.profile_id = profile_id
        self.profile_name = profile_name


class AnotherAccount(ProductError):
    """The new keys of a profile belong to another Avito account than the profile."""

    def __init__(self, profile_id: int, account: int) -> None:
        super().__init__(f"the keys open account {account}, not the one of profile {profile_id}")
        self.profile_id = profile_id
        self.account = account


class JobAlreadyRunning(ProductError):
    """The same work for the same person is under way."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"job {job_id} is under way")
        self.job_id = job_id


class WorkerDied(ProductError):
    """It was restarted over this work time and again."""


class DeliveryRefused(ProductError):
    """Telegram refuses a report and not its chat, or what was to be sent cannot be read."""

    def __init__(self, delivery_id: int) -> None:
        super().__init__(f"delivery {delivery_id} cannot be sent")
        self.delivery_id = delivery_id


class AvitoError(ProductError):
    """A call to Avito did not give what was asked for.

    `endpoint` is our short name of the call (`stats_v2_items`), `status` the HTTP status or
    None when no answer came, `detail` what Avito said, shortened, without secrets: for the log.
    """

    def __init__(self, endpoint: str, *, status: int | None = None, detail: str = "") -> None:
        said = f": {detail}" if detail else ""
        super().__init__(f"{endpoint} answered {status or 'nothing'}{said}")
        self.endpoint = endpoint
        self.status = status
        self.detail = detail


class KeysRefused(AvitoError):
    """The client_id / client_secret pair gives no token, or its token is refused twice."""


class EmployeeKey(AvitoError):
    """The keys belong to an employee of a company account: Avito shows them an empty account."""


ABOUT_KEYS = frozenset({KeysRefused.__name__, EmployeeKey.__name__})
"""Failures, as they are stored, that new keys put right."""


class SubscriptionRequired(AvitoError):
    """402: the account has no subscription (or advance) for this feature."""


class Forbidden(AvitoError):
    """403 that is about rights or tariff, not about the token."""


class NotFound(AvitoError):
    """404: a foreign id, or a feature that this tariff does not have."""


class BadRequest(AvitoError):
    """400: Avito did not understand our request. Not retried; it is a defect of ours."""


class RateLimited(AvitoError):
    """The limit of this method is used up until `retry_at` (UTC)."""

    def __init__(
        self, endpoint: str, *, retry_at: datetime, status: int | None = None, detail: str = ""
    ) -> None:
        super().__init__(endpoint, status=status, detail=detail)
        self.retry_at = retry_at


class Unavailable(AvitoError):
    """Avito or the way to it is down: 5xx, a timeout, no connection.

    With `retry_at` (UTC) it was not even asked: it is silent, and the account's turn comes then.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        status: int | None = None,
        detail: str = "",
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(endpoint, status=status, detail=detail)
        self.retry_at = retry_at


class UnexpectedAnswer(AvitoError):
    """An answer that no contract knows: HTML, broken JSON, another shape."""
