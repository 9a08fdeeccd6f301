// The way to the first report, read off the conversation itself.

const last = (messages, test) => messages.findLast(test);
const words = (message) => message.text ?? "";

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
  if (hasButton(said, "report_now")) {
    const isReport = text.includes("Отчёт Avito");
    if (isReport) return { text: "Это отчёт. Сломайте что-нибудь или передвиньте время: «Пульт» вверху." };
    return { text: "Готово. Осталось нажать «Отчёт за вчера».", point: "report_now" };
  }
  const hasReport = last(messages, (message) => words(message).includes("Отчёт Avito"));
  if (!hasReport && hasButton(said, "profile_add")) {
    return { text: "Нажмите «Подключить профиль»: ключи подскажем.", point: "profile_add" };
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
  if (messages.some((message) => message.text)) return null;
  if (room.type === "channel") return { text: "Сюда бот может приносить отчёты. Команды он читает и здесь." };
  const people = room.speakers.length > 1 ? " Кто пишет и нажимает, выбирается внизу." : "";
  return { text: `В группе бот читает только команды.${people}` };
}
