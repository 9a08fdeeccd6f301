// The way to the first report and to its schedule, read off the conversation itself.

const last = (messages, test) => messages.findLast(test);
const words = (message) => message.text ?? message.caption ?? "";

// {text, chips: [{label, send}], point}: a sentence, texts to send at a tap, a button to show.
export function hintFor(room, messages, keys) {
  if (room.type !== "private") return forGroup(room, messages);
  const said = last(messages, () => true);
  // What the person just sent is not answered yet: the hint of before would be sent twice.
  if (!said?.from?.is_bot) return null;
  return afterWords(words(said), said, messages, keys);
}

function afterWords(text, said, messages, keys) {
  if (text.includes("Пришлите client_secret")) return secretHint(text, keys);
  if (text.includes("Пришлите client_id")) return idHint(keys);
  if (text.includes("Как назвать")) {
    return { text: "Название — для вас, подойдёт любое.", chips: chip("Мебельная мастерская") };
  }
  if (text.startsWith("⏳")) return { text: "Бот спрашивает Avito, это недолго…" };
  if (text.includes("будут приходить")) return { text: "Готово. Утра можно не ждать: «Пульт» вверху, «Утро, 09:00»." };
  const reports = messages.filter((message) => words(message).includes("Отчёт Avito"));
  if (reports.length === 1) return toSchedule(text, said);
  if (reports.length > 1 && reports.at(-1) === said) {
    return { text: "Ещё отчёт. Сломайте что-нибудь или передвиньте время: «Пульт» вверху." };
  }
  if (!reports.length && hasButton(said, "report_now")) {
    return { text: "Готово. Осталось нажать «Отчёт за вчера».", point: "report_now" };
  }
  if (!reports.length && hasButton(said, "profile_add")) {
    return { text: "Нажмите «Подключить профиль»: ключи подскажем.", point: "profile_add" };
  }
  return null;
}

function toSchedule(text, said) {
  if (hasButton(said, "report_chat_here")) {
    return { text: "Мест может быть несколько. Начните с «Этот чат».", point: "report_chat_here" };
  }
  if (text.includes("Куда: ещё не выбрано")) {
    return { text: "Время уже стоит. Осталось выбрать, куда отправлять.", point: "report_set_chat" };
  }
  if (hasButton(said, "profile_delete:")) {
    return { text: "Когда и куда приходит отчёт — в его настройках.", point: "profile_report" };
  }
  if (hasButton(said, "profile_open")) {
    return { text: "Это отчёт. Пусть приходит сам, каждое утро: откройте профиль.", point: "profile_open" };
  }
  return null;
}

const chip = (text) => [{ label: text, send: text }];

function idHint(keys) {
  const chips = keys.map((key) => ({ label: key.name, note: key.kind, send: key.client_id }));
  return { text: "Чей client_id прислать? Аккаунты ненастоящие.", chips: uniqueBySend(chips) };
}

// The secrets of the account whose id was sent: its own, and one with a slip.
function secretHint(text, keys) {
  const own = keys.filter((key) => text.includes(key.client_id));
  const chips = own.map((key) => ({ label: key.name, note: key.kind, send: key.client_secret }));
  return { text: "Осталось прислать client_secret этого аккаунта.", chips };
}

function uniqueBySend(chips) {
  return chips.filter((one, at) => chips.findIndex((other) => other.send === one.send) === at);
}

function hasButton(message, prefix) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  return rows.flat().some((button) => button.callback_data?.startsWith(prefix));
}

function forGroup(room, messages) {
  const said = last(messages, words);
  if (said) return afterCommand(words(said));
  if (room.type === "channel") return { text: "Сюда бот может приносить отчёты. Команды он читает и здесь." };
  const people = room.speakers.length > 1 ? " Кто пишет и нажимает, выбирается внизу." : "";
  return { text: `В группе бот читает только команды. /bind приведёт сюда отчёты.${people}`, chips: chip("/bind") };
}

function afterCommand(text) {
  if (!text.includes("будут приходить сюда")) return null;
  return { text: "Сводку можно попросить в любую минуту.", chips: chip("/stats") };
}
