"""Charts say what the numbers say, and can be read on a phone."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from utils.charts import words
from utils.charts.course import Course, Series, Step
from utils.charts.picture import draw, lay_out
from utils.charts.scale import scale_for
from utils.charts.scene import (
    WIDTH,
    Area,
    Block,
    Box,
    Column,
    Dot,
    Face,
    Ink,
    Scene,
    Stroke,
)
from utils.charts.text import box_of, fitted, font, width_of
from utils.periods import Period

LAST = date(2026, 11, 15)
CUT_AT = datetime(2026, 11, 15, 6, 5, tzinfo=UTC)
"""A Sunday."""
LENGTHS = [1, 2, 3, 7, 8, 9, 14, 17, 30, 31, 45, 62, 63, 90, 270, 366, 367, 730, 2000]
SIZES = [1, 1_000, 10**10]
COUNTS = st.none() | st.integers(-(10**12), 10**12) | st.integers(0, 40)


def days(length: int, last: date = LAST) -> Period:
    return Period(last - timedelta(days=length - 1), last)


def wave(length: int, size: int) -> list[int | None]:
    return [size * (1 + day * 37 % 23) for day in range(length)]


def course(length: int, size: int = 10, *, before: bool = True, title: str = "Мебель") -> Course:
    values = wave(length, size)
    series = Series(values, values[::-1] if before else ())
    return Course(title, days(length), contacts=series, views=series, spending=Series(values))


def contacts(
    *values: int | None, before: Sequence[int | None] = (), cut_at: datetime | None = None
) -> Course:
    series = Series(values, before)
    return Course("Мебель", days(len(values)), contacts=series, cut_at=cut_at)


def spending(*kopecks: int | None) -> Course:
    return Course("Мебель", days(len(kopecks)), spending=Series(kopecks))


def texts(scene: Scene) -> list[str]:
    """As a person reads them: every space is a space."""
    return [label.text.replace("\N{NO-BREAK SPACE}", " ") for label in scene.labels]


def pixels(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")


def lines(scene: Scene, ink: Ink) -> list[Stroke]:
    """The strokes of the plot; the first of an ink is the piece of line in a heading."""
    return [shape for shape in scene.shapes if isinstance(shape, Stroke) and shape.ink is ink][1:]


def columns(scene: Scene) -> list[Column]:
    return [shape for shape in scene.shapes if isinstance(shape, Column)]


def zero_lines(scene: Scene) -> list[Box]:
    shapes = [shape for shape in scene.shapes if isinstance(shape, Block)]
    return [block.box for block in shapes if block.ink is Ink.ZERO]


def inks_at(image: Image.Image, x: float, top: float, bottom: float) -> set[object]:
    """The colours of a column of pixels."""
    return {image.getpixel((round(x), y)) for y in range(round(top), round(bottom))}


# What is read


def test_a_week_has_its_weekdays_and_a_number_at_each_point() -> None:
    scene = lay_out(contacts(3, 12, 7, 0, 1_234, 5, 12_345, before=[1] * 7))
    assert texts(scene)[:5] == [
        "Мебель",
        "9–15 ноября 2026",
        "раньше: 2–8 ноября",
        "Контакты",
        "13 606",
    ]
    assert "раньше 7" in texts(scene)
    assert [text for text in texts(scene) if text in {"3", "12", "7", "0", "1 234", "12 тыс."}]
    assert texts(scene)[-7:] == ["пн 9", "вт 10", "ср 11", "чт 12", "пт 13", "сб 14", "вс 15"]
    assert "за 7 дней" not in texts(scene)


def test_the_days_before_are_named_wherever_they_lie() -> None:
    week = contacts(*[1] * 7, before=[2] * 7)
    a_year_ago = replace(week, other=days(7, date(2025, 11, 15)))
    assert "раньше: 9–15 ноября 2025" in texts(lay_out(a_year_ago))
    day = replace(contacts(3, before=[4]), other=days(1, date(2026, 11, 8)))
    assert texts(lay_out(day))[3:] == ["вс 15", "3", "вс 8", "4"]


def test_a_sum_of_more_days_than_the_report_is_about_says_so() -> None:
    course = replace(contacts(3, 12, 7, 0, 1_234, 5, 12_345, before=[1] * 7), is_wider=True)

    assert "за 7 дней" in texts(lay_out(course))


def test_a_month_has_its_mondays_and_a_scale() -> None:
    scene = lay_out(spending(*[150_000 + 1_000 * day for day in range(30)]))
    assert texts(scene)[-4:] == ["19 окт", "26 окт", "2 ноя", "9 ноя"]
    assert {"0", "500 ₽", "1 тыс. ₽", "1,5 тыс. ₽"} <= set(texts(scene))


def test_a_long_period_has_its_months_and_says_what_a_point_is() -> None:
    by_weeks = texts(lay_out(course(270)))
    assert by_weeks[-9:] == ["мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя"]
    assert words.BY_WEEKS in by_weeks

    by_months = texts(lay_out(course(730)))
    assert {"2025", "2026", "апр", "июл", "окт"} <= set(by_months)
    assert words.BY_MONTHS in by_months


def test_a_single_day_stands_beside_the_day_before() -> None:
    scene = lay_out(contacts(12, before=[8]))
    assert texts(scene) == ["Мебель", "15 ноября 2026", "Контакты", "вс 15", "12", "сб 14", "8"]
    today, before = columns(scene)
    width, width_before = (bar.box.right - bar.box.left for bar in (today, before))
    assert width_before / width == pytest.approx(8 / 12)


def test_money_is_in_roubles_and_its_sum_exact() -> None:
    assert "12 345 679 ₽" in texts(lay_out(spending(1_234_567_890, *[0] * 6)))


def test_two_sums_too_long_for_one_row_are_shortened() -> None:
    huge = Series([7_632_548_910_123] * 7, [7_632_548_910_123] * 7)
    scene = lay_out(Course("", days(7), views=huge))
    assert {"53 трлн", "раньше 53 трлн"} <= set(texts(scene))


def test_only_what_was_asked_for_is_drawn() -> None:
    assert not {"Просмотры", "Расходы"} & set(texts(lay_out(contacts(1, 2, 3))))


def test_without_a_period_before_nothing_is_said_of_it() -> None:
    for before in ((), [None] * 7):
        scene = lay_out(contacts(*range(7), before=before))
        assert not any(text.startswith(words.BEFORE) for text in texts(scene))
        assert not lines(scene, Ink.BEFORE)


def test_a_sum_is_compared_only_when_every_day_of_both_is_known() -> None:
    for values, before in (([1, None, 3], [1, 2, 3]), ([1, 2, 3], [1, None, 3])):
        scene = lay_out(contacts(*values, before=before))
        assert "раньше: 10–12 ноября" in texts(scene)
        assert "раньше 6" not in texts(scene)
        assert "раньше 4" not in texts(scene)


def test_a_cut_day_is_marked_and_its_sum_compared_with_nothing() -> None:
    scene = lay_out(contacts(5, 6, 2, before=[4, 4, 4], cut_at=CUT_AT))
    assert texts(scene)[-1] == "15 ноября — только до 09:05"
    assert "раньше 12" not in texts(scene)
    (whole,) = lines(scene, Ink.CONTACTS)
    (pale,) = [shape for shape in scene.shapes if getattr(shape, "ink", 0) is Ink.CONTACTS_CUT]
    assert isinstance(pale, Stroke)
    assert whole.points == pale.points[:-1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (0.25, "0,25"),
        (2.5, "2,5"),
        (87, "87"),
        (999, "999"),
        (1_234, "1,2 тыс."),
        (12_345, "12 тыс."),
        (123_456, "123 тыс."),
        (999_999, "1 млн"),
        (7_632_548_910, "7,6 млрд"),
        (-1_500, "−1,5 тыс."),
    ],
)
def test_a_short_number_has_two_or_three_digits(value: float, expected: str) -> None:
    assert words.short(value).replace("\N{NO-BREAK SPACE}", " ") == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 11, 15), date(2026, 11, 15), "15 ноября 2026"),
        (date(2026, 5, 1), date(2026, 5, 9), "1–9 мая 2026"),
        (date(2026, 4, 28), date(2026, 5, 4), "28 апр – 4 мая 2026"),
        (date(2025, 12, 29), date(2026, 1, 4), "29 дек 2025 – 4 янв 2026"),
    ],
)
def test_days_in_words(first: date, last: date, expected: str) -> None:
    assert words.days_of(Period(first, last)).replace("\N{NO-BREAK SPACE}", " ") == expected


# Gaps, zeros and scales


def test_a_gap_is_paper_and_no_line_leads_over_it() -> None:
    values = wave(30, 10)
    scene = lay_out(contacts(*values))
    (line,) = lines(scene, Ink.CONTACTS)
    zero = zero_lines(scene)[0].top
    gap = range(9, 13)
    with_gap = [None if day in gap else value for day, value in enumerate(values)]
    image, image_with_gap = (pixels(draw(contacts(*one))) for one in (values, with_gap))

    bare = {Ink.PAPER.value, Ink.WEEKEND.value, Ink.GRID.value}
    for day, (x, y) in enumerate(line.points):
        assert Ink.CONTACTS.value in inks_at(image, x, y - 2, y + 3)
        if day in gap:
            assert inks_at(image_with_gap, x, y - 60, zero) <= bare
        else:
            assert Ink.CONTACTS.value in inks_at(image_with_gap, x, y - 2, y + 3)
    assert texts(lay_out(contacts(*with_gap)))[-1] == "Пропуски — нет данных"


def test_a_day_alone_between_gaps_is_a_dot() -> None:
    scene = lay_out(contacts(*[1, 2] * 5, None, 30, None, *[3] * 17))
    (dot,) = [shape for shape in scene.shapes if isinstance(shape, Dot)]
    assert len(lines(scene, Ink.CONTACTS)) == 2
    assert dot.ink is Ink.CONTACTS


def test_a_known_zero_is_seen_and_an_unknown_day_is_not() -> None:
    zero, known, *rest = columns(lay_out(spending(0, None, 500_00)))
    assert not rest
    heights = [bar.box.bottom - bar.box.top for bar in (zero, known)]
    assert 4 < heights[0] < 10 < heights[1]


def test_without_any_data_the_axis_stays() -> None:
    scene = lay_out(contacts(None, None, None))
    assert "нет данных" in texts(scene)
    assert len(zero_lines(scene)) == 1
    assert not lines(scene, Ink.CONTACTS)


def test_every_panel_has_a_zero_line_on_which_a_zero_stands() -> None:
    values = [0, *wave(29, 10)]
    series = Series(values)
    three = Course("", days(30), series, series, series)
    scene, image = lay_out(three), pixels(draw(three))
    zeros = zero_lines(scene)
    assert len(zeros) == 3
    for box in zeros:
        y = round((box.top + box.bottom) / 2)
        assert image.getpixel((round(box.right) - 2, y)) == Ink.ZERO.value
    (line,) = lines(scene, Ink.CONTACTS)
    assert zeros[0].top <= line.points[0][1] <= zeros[0].bottom


def test_what_is_below_zero_hangs_from_the_zero_line() -> None:
    scene = lay_out(spending(-500_00, 1_000_00, 700_00))
    (zero,) = zero_lines(scene)
    below, above, _ = columns(scene)
    assert below.box.top == pytest.approx(zero.top, abs=2)
    assert below.box.bottom > zero.bottom
    assert above.box.bottom == pytest.approx(zero.top, abs=2)


def test_heights_are_to_scale() -> None:
    small, large = columns(lay_out(spending(1_000_00, 4_000_00)))
    heights = [bar.box.bottom - bar.box.top for bar in (small, large)]
    assert heights[1] / heights[0] == pytest.approx(4)


def test_the_period_before_lies_behind() -> None:
    scene = lay_out(contacts(*range(30), before=list(range(30, 0, -1))))
    inks = [shape.ink for shape in scene.shapes if isinstance(shape, Stroke) and shape.width < 8]
    assert inks == [Ink.BEFORE, Ink.CONTACTS]


def test_weekends_are_shaded_while_days_are_drawn() -> None:
    def shaded(length: int) -> int:
        shapes = lay_out(contacts(*[1] * length)).shapes
        return sum(isinstance(one, Block) and one.ink is Ink.WEEKEND for one in shapes)

    assert [shaded(length) for length in (7, 28, 90, 730)] == [2, 8, 0, 0]


@given(st.lists(st.none() | st.integers(-(10**14), 10**14).map(lambda kop: kop / 100)))
def test_a_scale_holds_zero_and_every_value(values: list[float | None]) -> None:
    scale = scale_for(values, whole=False)
    assert 0 in scale.ticks
    assert len(scale.ticks) <= 4
    assert all(0 <= scale.share(value) <= 1 for value in (*values, *scale.ticks) if value)


@given(st.lists(st.integers(0, 30) | st.integers(0, 10**10), min_size=1, max_size=5))
def test_no_count_is_marked_at_a_fraction(values: list[int]) -> None:
    scale = scale_for(values, whole=True)
    assert all(tick == int(tick) for tick in scale.ticks)
    assert len(scale.ticks) > 1 or not any(values)


# Folding


@pytest.mark.parametrize("length", LENGTHS)
def test_the_points_cover_every_day_once_and_are_few(length: int) -> None:
    folded = course(length)
    assert [day for point in folded.points for day in point] == list(folded.period)
    assert len(folded.points) <= 66


def test_a_point_is_the_mean_of_the_days_that_are_known() -> None:
    values = [7] * 62 + [14, None, None, None, None, None, 28]
    folded = Course("", days(69), views=Series(values))
    assert folded.step is Step.WEEK
    means = folded.folded(values)
    assert means[:-1] == [7] * 8
    assert means[-1] == (14 + 28) / 2


def test_a_week_without_data_is_a_gap() -> None:
    values = [7] * 63 + [None] * 7
    assert Course("", days(70), views=Series(values)).folded(values)[-1] is None


def test_odd_days_at_an_edge_are_no_point_of_their_own() -> None:
    by_weeks = course(270).points
    assert {point.length for point in by_weeks[1:]} == {7}
    assert 7 <= by_weeks[0].length < 14

    # From 10 November 2024 to 5 November 2026.
    by_months = Course("", days(726, date(2026, 11, 5)), views=Series([1] * 726)).points
    assert by_months[0] == Period(date(2024, 11, 10), date(2024, 11, 30))
    assert by_months[-1] == Period(date(2026, 10, 1), date(2026, 11, 5))


# What can go wrong


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("size", SIZES)
def test_no_two_labels_touch_and_all_are_on_the_picture(length: int, size: int) -> None:
    for before in (True, False):
        assert_readable(lay_out(course(length, size, before=before)))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 800), st.sampled_from([None, CUT_AT]))
def test_whatever_the_numbers_are_the_labels_can_be_read(
    data: st.DataObject, length: int, cut_at: datetime | None
) -> None:
    pattern = data.draw(st.lists(COUNTS, min_size=1, max_size=10))
    values = (pattern * length)[:length]
    series = Series(values, values[::-1])
    assert_readable(lay_out(Course("Мебель", days(length), series, series, series, cut_at=cut_at)))


def assert_readable(scene: Scene) -> None:
    assert scene.height <= 1280  # Telegram shrinks what is larger.
    boxes = [(box_of(label), label.text) for label in scene.labels]
    for box, text in boxes:
        assert box.left >= 0, text
        assert box.top >= 0, text
        assert box.right <= scene.width, text
        assert box.bottom <= scene.height, text
    for (box, text), (other, other_text) in combinations(boxes, 2):
        assert not box.overlaps(other), f"{text!r} and {other_text!r}"


@pytest.mark.parametrize(
    "values", [(26, 3, 3, 24, 22, 25, 24), (3, 26, 3, 26, 3, 26, 3), (0, 10, 0, 1, 9, 9, 2)]
)
def test_a_number_gives_way_to_the_line(values: tuple[int, ...]) -> None:
    scene = lay_out(contacts(*values))
    (line,) = lines(scene, Ink.CONTACTS)
    numbers = [label for label in scene.labels if label.face is Face.VALUE]
    assert len(numbers) == 7
    for number in numbers:
        assert not any(box_of(number).is_crossed_by(*way) for way in pairwise(line.points))


@pytest.mark.parametrize(
    "values",
    [
        [0] * 30,
        [5] * 30,
        [None] * 30,
        [None] * 29 + [7],
        [-4, 3, None] * 10,
        [9_999_999_999] * 30,
        [0],
        [None],
        [-7],
        [1, None],
        [1, 2] * 400,
    ],
    ids=lambda values: f"{len(values)} days of {values[0]}",
)
@pytest.mark.parametrize("cut_at", [None, CUT_AT])
def test_any_numbers_make_a_small_picture(
    values: list[int | None], cut_at: datetime | None
) -> None:
    series = Series(values, values)
    png = draw(Course("Мебель", days(len(values)), series, series, series, cut_at=cut_at))
    image = Image.open(BytesIO(png))
    assert (image.format, image.width) == ("PNG", WIDTH)
    assert "transparency" not in image.info
    assert len(png) < 150_000


@pytest.mark.parametrize("length", [1, 7, 30, 62, 90, 270, 730])
def test_no_length_makes_a_large_file(length: int) -> None:
    assert len(draw(course(length))) < 100_000


def test_the_same_course_is_the_same_bytes_in_any_thread() -> None:
    courses = [course(length) for length in (1, 7, 30, 270)]
    once = [draw(one) for one in courses]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(draw, courses * 4)) == once * 4


def test_a_course_that_fits_no_period_is_refused() -> None:
    with pytest.raises(ValueError, match="no series"):
        Course("", days(7))
    with pytest.raises(ValueError, match="each day"):
        Course("", days(7), views=Series([1] * 6))
    with pytest.raises(ValueError, match="as long as"):
        Course("", days(7), views=Series([1] * 7, [1] * 6))


# The typeface and the inks


def test_every_character_we_write_is_in_the_typeface() -> None:
    written = {
        character
        for length in (1, 7, 30, 270, 730)
        for size in SIZES
        for label in lay_out(course(length, size, title="Ёлки «Ґанок» №1")).labels
        for character in label.text
    }
    months = {words.month(date(2026, number, 1)) for number in range(2, 13)}
    written |= set(
        "".join(months) + words.GAPS + words.is_cut(LAST, CUT_AT) + words.short(-1) + "·…"
    )
    missing = bytes(font(Face.BODY).getmask("\uffff"))
    drawn = {one for one in written if bytes(font(Face.BODY).getmask(one)) != missing}
    assert written == drawn
    assert set("₽−–—·«»ЁҐ№") <= drawn


def test_what_the_typeface_does_not_have_is_left_out_of_a_title() -> None:
    assert fitted("🛋 Мебель  и\nсвет ✨", Face.TITLE, WIDTH) == "Мебель и свет"
    assert "🛋" not in "".join(texts(lay_out(course(7, title="🛋"))))


def test_a_long_title_ends_in_an_ellipsis_within_the_picture() -> None:
    title = fitted("Мебель и свет " * 20, Face.TITLE, 600)
    assert title.startswith("Мебель и свет Мебель")
    assert title.endswith("…")
    assert width_of(title, Face.TITLE) <= 600


def test_texts_and_lines_stand_out_from_the_paper() -> None:
    assert min(contrast(ink, Ink.PAPER) for ink in (Ink.TEXT, Ink.MUTED)) >= 4.5
    assert contrast(Ink.MUTED, Ink.WEEKEND) >= 4.5
    assert min(contrast(ink, Ink.PAPER) for ink in (Ink.CONTACTS, Ink.VIEWS, Ink.SPENDING)) >= 3


def contrast(one: Ink, other: Ink) -> float:
    """As the WCAG define it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(ink: Ink) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in ink.value
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_areas_end_where_the_data_ends() -> None:
    scene = lay_out(contacts(*[5] * 10, None, None, *[5] * 18))
    areas = [shape for shape in scene.shapes if isinstance(shape, Area)]
    for area, line in zip(areas, lines(scene, Ink.CONTACTS), strict=True):
        assert {x for x, _ in area.outline} == {x for x, _ in line.points}
