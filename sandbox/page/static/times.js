// Moscow time, as the bot and Avito count it, whatever the zone of the computer.

const zone = { timeZone: "Europe/Moscow" };
const clock = new Intl.DateTimeFormat("ru", { ...zone, hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("ru", { ...zone, day: "numeric", month: "long" });
const weekday = new Intl.DateTimeFormat("ru", { ...zone, weekday: "long" });
const full = new Intl.DateTimeFormat("ru", { ...zone, dateStyle: "long", timeStyle: "medium" });

const date = (seconds) => new Date(seconds * 1000);

export const timeOf = (seconds) => clock.format(date(seconds));
export const dayOf = (seconds) => day.format(date(seconds));
export const weekdayOf = (seconds) => weekday.format(date(seconds));
export const momentOf = (seconds) => full.format(date(seconds));
