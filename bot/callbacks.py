"""The callback contract: every button's wire string, as a type.

Only `SomeCallback(...).pack()` makes data and only `SomeCallback.filter()` reads it. The
prefixes are product API (a bot in the field has buttons of last year in its chats): they are
never renamed, new buttons get new prefixes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

# A number that no column can hold is no button of ours: it must not get as far as a query.
ProfileId = Annotated[int, Field(ge=1, lt=2**31)]
JobId = Annotated[int, Field(ge=1, lt=2**63)]


class AboutProfile(CallbackData, prefix="about_profile"):
    """What every button about one profile carries. Itself on no button."""

    profile_id: ProfileId


class ProfileAdd(CallbackData, prefix="profile_add"):
    """Start connecting an Avito account."""


class ProfilesBack(CallbackData, prefix="profiles_back"):
    """The list of profiles."""


class ProfilesPage(CallbackData, prefix="profiles_page"):
    """One page of the list; pages count from 0."""

    page: int


class Cancel(CallbackData, prefix="cancel"):
    """Leave the dialogue at hand."""


class ProfileView(AboutProfile, prefix="profile_view"):
    """The card of a profile."""


class ProfileOpen(AboutProfile, prefix="profile_open"):
    """The card as a message of its own: for buttons under a report, which has to stay."""


class ProfileReport(AboutProfile, prefix="profile_report"):
    """The settings of a profile's report."""


class ProfileRename(AboutProfile, prefix="profile_rename"):
    """Ask for a new name."""


class ProfileKeys(AboutProfile, prefix="profile_keys"):
    """Replace the keys of a profile."""


class ProfileDelete(AboutProfile, prefix="profile_delete"):
    """Ask before deleting."""


class ProfileDeleteConfirm(AboutProfile, prefix="profile_delete_confirm"):
    """Really delete."""


class ReportNow(AboutProfile, prefix="report_now"):
    """Yesterday's report, here and now."""


class KeyStep(StrEnum):
    """Which answer of the key dialogue a person wants to give again."""

    CLIENT_ID = "client_id"


class KeysAgain(CallbackData, prefix="keys_again"):
    """Go back to an earlier question of the key dialogue."""

    step: KeyStep


class JobStop(CallbackData, prefix="job_stop"):
    """Stop work that is under way."""

    job_id: JobId


class HelpShow(CallbackData, prefix="help_show"):
    """The help, by button."""


class SettingsShow(CallbackData, prefix="settings_show"):
    """What is set, profile by profile; pages count from 0."""

    page: int
