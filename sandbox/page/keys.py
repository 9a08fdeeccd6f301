"""Keys to paste: one account of each kind, said in words a person understands."""

from sandbox.avito.world import AvitoWorld
from sandbox.telegram.model import Json

_KINDS = {
    "shop": "всё в порядке",
    "second": "ещё один магазин",
    "empty": "ни одного объявления",
    "no_money": "Avito скрывает расходы",
    "employee": "ключи сотрудника, боту не подойдут",
    "no_messenger": "есть всё, кроме чатов",
    "debtor": "долг по авансу",
    "slow": "каждый ответ ждать 3 секунды",
    "v2_forbidden": "общая статистика закрыта",
    "v2_zeros": "общая статистика пуста",
}


def keys_json(avito: AvitoWorld) -> list[Json]:
    keys = [
        {
            "name": account.name,
            "kind": _KINDS.get(account.label, ""),
            "client_id": account.client_id,
            "client_secret": account.client_secret,
        }
        for account in avito.accounts.values()
    ]
    typo = keys[0] | {"name": "Опечатка в секрете", "kind": "Avito не примет такую пару"}
    return [*keys, typo | {"client_secret": str(keys[0]["client_secret"])[:-1] + "X"}]
