"""The callback contract: every button's wire string, as a type.

Only `SomeCallback(...).pack()` makes data and only `SomeCallback.filter()` reads it. The
prefixes are product API (a bot in the field has buttons of last year in its chats): they are
never renamed, new buttons get new prefixes.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Self

from aiogram.filters.callback_data import CallbackData
from pydantic import Field, model_validator

from core.schedule_policy import Frequency
from core.services.destinations import LostAnswer
from core.services.exports import Choice, KeptFor, Within
from core.services.schedule import LONGEST_INTERVAL, ChosenPeriod, Every
from core.statistics.listings import Order
from utils.calendars import Grain, Preset
from utils.chats.order import Form, Which
from utils.periods import Period

# A number that no column can hold is no button of ours: it must not get as far as a query.
ProfileId = Annotated[int, Field(ge=1, lt=2**31)]
JobId = Annotated[int, Field(ge=1, lt=2**63)]
TaskId = Annotated[int, Field(ge=1, lt=2**31)]
DeliveryId = Annotated[int, Field(ge=1, lt=2**63)]
# Telegram promises that a chat takes no more than 52 bits, and a topic is a message's id.
ChatId = Annotated[int, Field(gt=-(2**52), lt=2**52)]
ThreadId = Annotated[int, Field(ge=0, lt=2**31)]
# Not an enum: a metric we do not know any more has to get its sentence, not an error.
MetricKey = Annotated[str, Field(max_length=24)]
# Far from both ends of the calendar, so that a period before or after it is one too.
Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]


class Dated(CallbackData, prefix="dated"):
    """What may carry days. Itself on no button."""

    def _encode_value(self, key: str, value: Any) -> str:
        # aiogram reads dates, but does not write them.
        return value.isoformat() if isinstance(value, date) else super()._encode_value(key, value)


class AboutProfile(Dated, prefix="about_profile"):
    """What every button about one profile carries. Itself on no button."""

    profile_id: ProfileId


class AboutDays(Dated, prefix="about_days"):
    """What every button about some days carries. Itself on no button."""

    first: Day
    last: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _ = self.period
        return self

    @property
    def period(self) -> Period:
        return Period(self.first, self.last)


class AboutPeriod(AboutDays, AboutProfile, prefix="about_period"):
    """What every button about the numbers of a profile in some days carries. On no button."""


class AboutExport(AboutProfile, prefix="about_export"):
    """What every button carries that says which chats are wanted. Itself on no button."""

    within: Within
    first: Day | None = None
    last: Day | None = None
    which: Which
    form: Form

    @model_validator(mode="after")
    def _says_its_days(self) -> Self:
        if self.within is Within.OWN and not (self.first and self.last):
            raise ValueError("days of one's own are two")
        _ = self.choice
        return self

    @property
    def choice(self) -> Choice:
        own = None
        if self.within is Within.OWN and self.first and self.last:
            own = Period(self.first, self.last)
        return Choice(self.within, own, self.which, self.form)

    @classmethod
    def of(cls, profile_id: int, choice: Choice) -> Self:
        own = choice.own
        return cls(
            profile_id=profile_id,
            within=choice.within,
            first=own and own.first,
            last=own and own.last,
            which=choice.which,
            form=choice.form,
        )


class AboutDestination(CallbackData, prefix="about_destination"):
    """What every button about one destination carries. Itself on no button."""

    task_id: TaskId


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


class ReportExcel(AboutPeriod, prefix="report_excel"):
    """The report as a workbook."""


class ReportHistorical(AboutProfile, prefix="report_historical"):
    """Ask about which days the report should be."""


class ReportOther(AboutPeriod, prefix="report_other"):
    """The same under a report about these days, with the way back to it."""


class ReportPreset(AboutProfile, prefix="report_preset"):
    """A report about a period that has a name."""

    preset: Preset


class ReportDays(AboutProfile, prefix="report_days"):
    """A report about the last so many days that are over."""

    days: Annotated[int, Field(ge=1, le=366)]


class ReportDates(AboutProfile, prefix="report_dates"):
    """Ask for the days by typing."""


class ReportShow(AboutPeriod, prefix="report_show"):
    """A report about these days."""


class ReportRefresh(AboutPeriod, prefix="report_refresh"):
    """The same once more, as Avito tells it by now."""


class ReportCompare(AboutPeriod, prefix="report_compare"):
    """These days beside as many before them."""


class ReportAgainst(AboutPeriod, prefix="report_against"):
    """These days beside those from `other` on."""

    other: Day


class ReportBreakdown(AboutPeriod, prefix="report_breakdown"):
    """These days one by one; by weeks or months if they are many."""


class BreakdownBy(AboutPeriod, prefix="breakdown_by"):
    """These days by days, weeks or months."""

    grain: Grain


class BreakdownPage(BreakdownBy, prefix="breakdown_page"):
    """A page of the same; pages count from 0, and from the end."""

    page: Annotated[int, Field(ge=0, lt=10**4)]


class CalendarPage(AboutProfile, prefix="calendar_page"):
    """A month to choose a period from; with its first day when that is chosen already."""

    month: Day
    first: Day | None = None


class CalendarEmpty(AboutProfile, prefix="calendar_empty"):
    """A place in a calendar where nothing can be chosen."""


class ComparePage(AboutPeriod, prefix="compare_page"):
    """A month to choose the beginning of another period from, to compare these days with."""

    month: Day


class ReportSetChat(AboutProfile, prefix="report_set_chat"):
    """Where the scheduled reports go."""


class ReportChatHere(AboutProfile, prefix="report_chat_here"):
    """Scheduled reports into this private chat."""


class ReportChatForward(AboutProfile, prefix="report_chat_forward"):
    """Ask for a forwarded post of the channel they should go to."""


class DestinationPick(AboutProfile, prefix="destination_pick"):
    """Telegram's own list of groups and channels."""


class DestinationView(AboutDestination, prefix="destination_view"):
    """One destination and what can be done about it."""


class DestinationPause(AboutDestination, prefix="destination_pause"):
    """No reports there for now."""


class DestinationResume(AboutDestination, prefix="destination_resume"):
    """Reports there again."""


class DestinationSilent(AboutDestination, prefix="destination_silent"):
    """Without a sound, or with one. It says which, so that a second tap changes nothing."""

    is_silent: bool


class DestinationChart(AboutDestination, prefix="destination_chart"):
    """With a picture, or without."""

    has_chart: bool


class DestinationLost(AboutDestination, prefix="destination_lost"):
    """After a lost answer send again, or ask."""

    choice: LostAnswer


class DestinationDigest(AboutDestination, prefix="destination_digest"):
    """In one message with the owner's other profiles there, or each in its own."""

    is_digest: bool


class DestinationCheck(AboutDestination, prefix="destination_check"):
    """See whether the bot may post there again."""


class DestinationChats(AboutDestination, prefix="destination_chats"):
    """How often the chats come to this place as a file."""


class DestinationChatsEvery(AboutDestination, prefix="destination_chats_every"):
    """So often; asks before others see them."""

    every: Every


class DestinationChatsConfirm(AboutDestination, prefix="destination_chats_confirm"):
    """Really so often, although others see them."""

    every: Every


class DestinationChatsOff(AboutDestination, prefix="destination_chats_off"):
    """Not at all."""


class DestinationRemove(AboutDestination, prefix="destination_remove"):
    """Ask before removing."""


class DestinationRemoveConfirm(AboutDestination, prefix="destination_remove_confirm"):
    """Really remove."""


class PlaceBind(AboutProfile, prefix="place_bind"):
    """Let the profile report at this place, after checking it."""

    chat_id: ChatId
    thread_id: ThreadId


class PlaceProfiles(CallbackData, prefix="place_profiles"):
    """One page of the profiles that could report at this place; pages count from 0."""

    chat_id: ChatId
    thread_id: ThreadId
    page: int


class ReportSetTime(AboutProfile, prefix="report_set_time"):
    """Ask at what time of day the reports should come."""


class TimeSet(AboutProfile, prefix="time_set"):
    """At one of the offered times."""

    hour: Annotated[int, Field(ge=0, le=23)]
    minute: Annotated[int, Field(ge=0, le=59)]


class ReportZone(AboutProfile, prefix="report_zone"):
    """Ask for the time zone."""


class ZonesPage(AboutProfile, prefix="zones_page"):
    """One page of the zones; pages count from 0."""

    page: int


class ZoneSet(AboutProfile, prefix="zone_set"):
    """This zone, by its IANA name."""

    zone: Annotated[str, Field(max_length=32)]


class ReportFrequency(AboutProfile, prefix="report_frequency"):
    """Ask how often the reports should come."""


class FrequencySet(AboutProfile, prefix="freq_set"):
    """So often; what it needs besides (the days, the number) is asked next."""

    frequency: Frequency


class ReportDayToggle(AboutProfile, prefix="report_day_toggle"):
    """Tick or untick a weekday, 0 = Monday."""

    day: Annotated[int, Field(ge=0, le=6)]


class ReportInterval(AboutProfile, prefix="report_interval"):
    """Ask for the N of "every N days"."""


class IntervalSet(AboutProfile, prefix="interval_set"):
    """Every so many days."""

    days: Annotated[int, Field(ge=1, le=LONGEST_INTERVAL)]


class ReportMonthDay(AboutProfile, prefix="report_month_day"):
    """Ask for the day of the month."""


class MonthDaySet(AboutProfile, prefix="month_day_set"):
    """On this day; a shorter month has it on its last."""

    day: Annotated[int, Field(ge=1, le=31)]


class ReportSetPeriod(AboutProfile, prefix="report_set_period"):
    """Ask about which days the reports should be."""


class ReportPeriod(AboutProfile, prefix="report_period"):
    """About this period, whatever the frequency."""

    period: ChosenPeriod


class ReportPeriodAuto(AboutProfile, prefix="report_period_auto"):
    """About the days that the frequency implies."""


class ReportCharacteristics(AboutProfile, prefix="report_characteristics"):
    """Which metrics the reports show; asks where if that is not the same everywhere."""


class ReportMetricsEverywhere(AboutProfile, prefix="report_metrics_everywhere"):
    """The metrics for all places at once."""


class ReportToggle(AboutProfile, prefix="report_toggle"):
    """Tick or untick a metric for all places."""

    metric: MetricKey


class ReportMetricsAll(AboutProfile, prefix="report_metrics_all"):
    """All metrics, for all places."""


class ReportMetricsUsual(AboutProfile, prefix="report_metrics_usual"):
    """The metrics that everybody starts with, for all places."""


class DestinationMetrics(AboutDestination, prefix="destination_metrics"):
    """Which metrics the reports of one place show."""


class DestinationToggle(AboutDestination, prefix="destination_toggle"):
    """Tick or untick a metric for one place."""

    metric: MetricKey


class DestinationMetricsAll(AboutDestination, prefix="destination_metrics_all"):
    """All metrics, for one place."""


class DestinationMetricsSame(AboutDestination, prefix="destination_metrics_same"):
    """For one place what the profile shows."""


class ReportPause(AboutProfile, prefix="report_pause"):
    """No reports on schedule for now."""


class ReportResume(AboutProfile, prefix="report_resume"):
    """Reports on schedule again."""


class ReportTrial(AboutProfile, prefix="report_trial"):
    """A report now to where the scheduled ones go; asks where if that is not clear."""


class TrialTo(AboutDestination, prefix="trial_to"):
    """A trial to this destination; asks before others see it."""


class TrialSend(AboutDestination, prefix="trial_send"):
    """Really send it there."""


class ReportSend(AboutPeriod, prefix="report_send"):
    """A report about these days to where the scheduled ones go; asks where."""


class SendTo(AboutDays, AboutDestination, prefix="send_to"):
    """It goes to this destination; asks before others see it."""


class SendReally(AboutDays, AboutDestination, prefix="send_really"):
    """Really send it there."""


class DeliveryResend(CallbackData, prefix="delivery_resend"):
    """Send a report again of which nobody knows whether it arrived."""

    delivery_id: DeliveryId


class StatsShow(CallbackData, prefix="stats_show"):
    """The combined report of this chat, about yesterday, as a message of its own."""


class StatsDays(CallbackData, prefix="stats_days"):
    """In place of a combined report, one about the last so many days that are over."""

    days: Annotated[int, Field(ge=1, le=366)]


class StatsRefresh(AboutDays, prefix="stats_refresh"):
    """The combined report about these days once more, as Avito tells it by now."""


class StatsBack(AboutDays, prefix="stats_back"):
    """The combined report about these days, as it stood there before other days did."""


class ReportItems(AboutPeriod, prefix="report_items"):
    """What each listing did in these days."""


class ItemsPage(AboutPeriod, prefix="items_page"):
    """The same in another order, or another page of it; pages count from 0."""

    order: Order
    page: Annotated[int, Field(ge=0, lt=10**6)]


class ExportMessenger(AboutProfile, prefix="export_messenger"):
    """All chats as a workbook, at once."""


class ExportChoose(AboutProfile, prefix="export_choose"):
    """Which chats, in which form; and what is kept of them."""


class ExportPick(AboutExport, prefix="export_pick"):
    """The same with this choice ticked."""


class ExportDates(AboutProfile, prefix="export_dates"):
    """Ask for the days by typing; the rest is chosen."""

    which: Which
    form: Form


class ExportRun(AboutExport, prefix="export_run"):
    """The chats that were chosen, as a file."""


class ExportSchedule(AboutProfile, prefix="export_schedule"):
    """The places that files of chats can come to on schedule."""


class ExportKeep(AboutProfile, prefix="export_keep"):
    """How long what was read of the chats is kept."""


class ExportKeepSet(AboutProfile, prefix="export_keep_set"):
    """So long from now on; asks before anything is dropped."""

    kept: KeptFor


class ExportKeepConfirm(AboutProfile, prefix="export_keep_confirm"):
    """So long, although something has to be dropped for it."""

    kept: KeptFor


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
