"""Statistics of one day: invented from a seed, overridden by hand, split over listings.

Every money slug is in kopecks, as in stats v2. "Numbers" always hold all additive and active
slugs; ratios are computed from them last, when an answer is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import accumulate, pairwise
from random import Random

Numbers = dict[str, int]

RATIOS = {
    "impressionsToViewsConversion": ("views", "impressions"),
    "viewsToContactsConversion": ("contacts", "views"),
    "viewsToOrderedItemsConversion": ("orderedItems", "views"),
}
COSTS = {"averageViewCost": "views", "averageContactCost": "contacts"}
# A total and its parts; the first part takes what an overridden total leaves unexplained.
# Whoever both called and wrote is counted in both parts, hence the minus.
TOTALS: dict[str, dict[str, int]] = {
    "allSpending": {"spending": 1, "spendingBonus": 1},
    "spending": {"presenceSpending": 1, "promoSpending": 1, "restSpending": 1, "commission": 1},
    "contacts": {
        "contactsShowPhone": 1,
        "contactsMessenger": 1,
        "contactsSbcDiscount": 1,
        "contactsShowPhoneAndMessenger": -1,
    },
    "activeItems": {"oldActiveItems": 1, "newActiveItems": 1},
}
ACTIVE = ("activeItems", "oldActiveItems", "newActiveItems")
MONEY = (
    *("allSpending", "spending", "spendingBonus"),
    *("presenceSpending", "promoSpending", "restSpending", "commission", *COSTS),
)
ADDITIVE = (
    *("impressions", "views", "favorites", "clickPackages", "jobContacts"),
    *("contacts", *TOTALS["contacts"]),
    *("orderedItems", "orderedItemsPrice", "deliveredItems", "deliveredItemsPrice"),
    *("bookingPlacedCount", "bookingPlacedPrice", "bookingApprovedCount"),
    *("bookingApprovedPrice", "bookingAcceptedCount", "bookingAcceptedPrice"),
    *("allSpending", *TOTALS["allSpending"], *TOTALS["spending"]),
)
# What people came to after a view, and what is paid for each of some other thing.
_EFFECTS = frozenset((*TOTALS["contacts"], "contacts", "jobContacts", "orderedItems"))
_PAID_FOR = {
    "orderedItemsPrice": "orderedItems",
    "deliveredItems": "orderedItems",
    "deliveredItemsPrice": "deliveredItems",
    "commission": "deliveredItems",
    "presenceSpending": "clickPackages",
}
SLUGS = frozenset((*ADDITIVE, *ACTIVE, *RATIOS, *COSTS))

_ZEROS: Numbers = dict.fromkeys((*ADDITIVE, *ACTIVE), 0)


def zeros() -> Numbers:
    return dict(_ZEROS)


@lru_cache(maxsize=50_000)
def invent_day(
    seed: int, day: date, *, active: int, new: int, share: float = 1.0
) -> Mapping[str, int]:
    """The numbers of an account with `active` listings when `share` of the day has passed."""
    numbers = zeros()
    numbers |= {"activeItems": active, "newActiveItems": new, "oldActiveItems": active - new}
    if not active:
        return numbers
    dice = Random(f"{seed}:{day}")
    weekend = 1.3 if day.weekday() >= 5 else 1.0
    views = int(active * dice.uniform(12, 24) * weekend * share)
    contacts = int(views * dice.uniform(0.03, 0.09))
    both = contacts // 6
    phone = both + int((contacts - both) * dice.uniform(0.4, 0.7))
    clicks = int(views * dice.uniform(0.5, 0.8))
    ordered = int(contacts * dice.uniform(0, 0.3))
    delivered = ordered // 2
    price = dice.randrange(90_000, 900_000)
    numbers |= {
        "impressions": int(views * dice.uniform(20, 45)),
        "views": views,
        "contactsShowPhone": phone,
        "contactsMessenger": contacts - phone + both,
        "contactsShowPhoneAndMessenger": both,
        "favorites": int(views * dice.uniform(0.01, 0.05)),
        "clickPackages": clicks,
        "orderedItems": ordered,
        "orderedItemsPrice": ordered * price,
        "deliveredItems": delivered,
        "deliveredItemsPrice": delivered * price,
        "presenceSpending": clicks * dice.randrange(371, 1_137),
        "promoSpending": int(active * dice.choice((0, 0, 4_990, 14_937)) * share),
        "restSpending": dice.choice((0, 0, 0, 35_005)) if share == 1.0 else 0,
        "commission": delivered * price * 3 // 100,
        "spendingBonus": clicks * dice.choice((0, 0, 53)),
    }
    return _with_totals(numbers)


def invent_calls(seed: int, day: date, phoned: Mapping[int, int]) -> dict[int, Numbers]:
    """Calls by listing, from how many people opened its phone; some belong to no listing (0)."""
    dice = Random(f"calls:{seed}:{day}")
    counted = {}
    for item_id in (*phoned, 0):
        calls = dice.randint(0, 2 * phoned.get(item_id, 1))
        new = dice.randint(0, calls)
        new_answered = dice.randint(new // 2, new)
        answered = new_answered + dice.randint(0, calls - new)
        counted[item_id] = {
            "calls": calls,
            "answered": answered,
            "new": new,
            "newAnswered": new_answered,
        }
    return counted


def override(numbers: Mapping[str, int], by_hand: Mapping[str, int]) -> Numbers:
    """`numbers` with some set by hand and the rest bent so that all still agree.

    An overridden total lands in its first part that was not overridden too; the other parts
    become zero. Raises ValueError when what was set by hand contradicts itself.
    """
    if not by_hand:
        return dict(numbers)
    if unknown := by_hand.keys() - _ZEROS.keys():
        raise ValueError(f"these cannot be set: {', '.join(sorted(unknown))}")
    if negative := [slug for slug, value in by_hand.items() if value < 0]:
        raise ValueError(f"these cannot be negative: {', '.join(negative)}")
    wanted = dict(by_hand)
    if by_hand.keys().isdisjoint(("contacts", *TOTALS["contacts"])):
        contacts_allowed = by_hand.get("views", numbers["contacts"])
        if contacts_allowed < numbers["contacts"]:
            wanted["contacts"] = contacts_allowed
    for total, parts in TOTALS.items():
        if total in wanted:
            _explain(wanted, total, parts)
    result = _agreed({**numbers, **wanted}, wanted)
    if wrong := [slug for slug, value in by_hand.items() if result[slug] != value]:
        raise ValueError(f"these contradict one another: {', '.join(wrong)}")
    return result


def add_up(days: Iterable[Numbers]) -> Numbers:
    """Several days as one row. Active listings are people's shelves, not events: no sum."""
    total = zeros()
    for numbers in days:
        for slug in ADDITIVE:
            total[slug] += numbers[slug]
        total["activeItems"] = max(total["activeItems"], numbers["activeItems"])
        total["newActiveItems"] += numbers["newActiveItems"]
    total["newActiveItems"] = min(total["newActiveItems"], total["activeItems"])
    total["oldActiveItems"] = total["activeItems"] - total["newActiveItems"]
    return total


def split(numbers: Numbers, weights: Sequence[int], appeals: Sequence[int]) -> list[Numbers]:
    """`numbers` over listings so that every additive slug sums back to the day's exactly.

    By how much each listing weighs, its effects also by its appeal.
    """
    if not weights:
        return []
    both = numbers["contactsShowPhoneAndMessenger"]
    # People are dealt out in groups that do not overlap, so no listing gets impossible numbers.
    disjoint = {slug: numbers[slug] for slug in ADDITIVE}
    disjoint["contactsShowPhone"] -= both
    disjoint["contactsMessenger"] -= both
    disjoint["views"] -= numbers["contacts"]
    appealing = [weight * appeal for weight, appeal in zip(weights, appeals, strict=True)]
    dealt = {
        slug: _apportion(amount, appealing if slug in _EFFECTS and any(appealing) else weights)
        for slug, amount in disjoint.items()
        if amount
    }
    for slug, thing in _PAID_FOR.items():
        if slug in dealt and thing in dealt:
            dealt[slug] = _apportion(disjoint[slug], dealt[thing])
    listings = []
    for index in range(len(weights)):
        listing = zeros() | {slug: amounts[index] for slug, amounts in dealt.items()}
        listing["contactsShowPhone"] += listing["contactsShowPhoneAndMessenger"]
        listing["contactsMessenger"] += listing["contactsShowPhoneAndMessenger"]
        listing = _with_totals(listing)
        listing["views"] += listing["contacts"]
        listings.append(listing)
    return listings


def with_ratios(numbers: Numbers) -> dict[str, float]:
    """Adds percents and average costs (kopecks); a ratio to nothing is 0."""
    answer: dict[str, float] = dict(numbers)
    for slug, (part, whole) in RATIOS.items():
        answer[slug] = _ratio(100 * numbers[part], numbers[whole])
    bought = numbers["presenceSpending"] + numbers["promoSpending"]
    for slug, action in COSTS.items():
        answer[slug] = _ratio(bought, numbers[action])
    return answer


def _with_totals(numbers: Numbers) -> Numbers:
    # Backwards: `allSpending` is made of `spending`.
    for total, parts in reversed(TOTALS.items()):
        numbers[total] = sum(sign * numbers[part] for part, sign in parts.items())
    return numbers


def _explain(wanted: Numbers, total: str, parts: Mapping[str, int]) -> None:
    free = [part for part, sign in parts.items() if part not in wanted and sign > 0]
    rest = wanted[total] - sum(sign * wanted.get(part, 0) for part, sign in parts.items())
    if rest < 0:
        raise ValueError(f"these contradict one another: {total} and its parts")
    for part in parts:
        wanted.setdefault(part, 0)
    if free:
        wanted[free[0]] = rest


def _agreed(numbers: Numbers, wanted: Mapping[str, int]) -> Numbers:
    """Bends whatever is not `wanted` to what is; a wanted number may still change: a clash."""
    both = "contactsShowPhoneAndMessenger"
    numbers[both] = min(numbers[both], numbers["contactsShowPhone"], numbers["contactsMessenger"])
    numbers = _with_totals(numbers)
    numbers["views"] = max(numbers["views"], numbers["contacts"])
    if "impressions" not in wanted:
        numbers["impressions"] = max(numbers["impressions"], numbers["views"])
    return numbers


def _apportion(amount: int, weights: Sequence[int]) -> list[int]:
    whole = sum(weights)
    borders = [amount * upto // whole for upto in accumulate(weights, initial=0)]
    return [right - left for left, right in pairwise(borders)]


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 2) if whole else 0
