"""The catalogue is the product's contract."""

from utils.metrics import CATALOGUE, METRICS


def test_the_keys_stand_in_the_order_of_the_contract() -> None:
    assert list(METRICS) == [
        "views",
        "contacts",
        "favorites",
        "total_spending",
        "presence_spending",
        "promo_spending",
        "rest_spending",
        "wallet_balance",
        "advance_balance",
        "cr",
        "cpl",
        "cpv",
        "active_items",
    ]


def test_every_metric_can_be_told_from_the_others() -> None:
    assert len({metric.label for metric in CATALOGUE}) == len(CATALOGUE)
    assert len({metric.emoji for metric in CATALOGUE}) == len(CATALOGUE)
