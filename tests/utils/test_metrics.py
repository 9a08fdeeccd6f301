"""The catalogue is the product's contract."""

from utils.metrics import CALLS, CATALOGUE, HELD, METRICS, SPENDING, USUAL, in_order

CONTRACT = (
    *("views", "contacts", "favorites"),
    *("total_spending", "presence_spending", "promo_spending", "rest_spending"),
    *("wallet_balance", "advance_balance", "cr", "cpl", "cpv", "active_items"),
)


def test_the_keys_of_the_contract_come_first_and_are_the_usual_ones() -> None:
    assert tuple(METRICS)[:13] == CONTRACT
    assert USUAL == CONTRACT


def test_every_metric_can_be_told_from_the_others() -> None:
    assert len({metric.label for metric in CATALOGUE}) == len(CATALOGUE)
    assert len({metric.emoji for metric in CATALOGUE}) == len(CATALOGUE)


def test_what_is_named_beside_the_catalogue_is_in_it() -> None:
    assert METRICS.keys() >= SPENDING | CALLS | HELD


def test_keys_are_put_in_order_and_strange_ones_left_out() -> None:
    assert in_order(["cr", "views", "likes", "views", ["views"]]) == ("views", "cr")  # type: ignore[list-item]
