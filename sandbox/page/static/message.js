// One message as DOM.

import { fileUrl } from "./api.js";
import { h, icon } from "./dom.js";
import { richText } from "./entities.js";
import { inlineKeyboard } from "./keyboards.js";
import { preview, serviceText } from "./service.js";
import { dayOf, momentOf, timeOf } from "./times.js";

const COLOURS = 6;

export function drawMessage(message, { isGroup }) {
  const note = serviceText(message);
  const author = message.sender_chat ?? message.from;
  const rows = message.reply_markup?.inline_keyboard;
  return h(
    "article",
    {
      class: note ? "message service" : "message",
      "aria-label": `${nameOf(author)}, ${timeOf(message.date)}`,
      dataset: { id: message.message_id, author: author?.id ?? 0, day: dayOf(message.date) },
    },
    note ? h("p", { class: "note" }, note) : body(bubble(message, author, isGroup), rows),
  );
}

function body(bubble, rows) {
  return h("div", { class: "body" }, bubble, rows ? inlineKeyboard(rows) : null);
}

const nameOf = (author) => author?.title ?? author?.first_name ?? "Канал";

function bubble(message, author, isGroup) {
  const words = message.text ?? message.caption ?? "";
  const entities = message.entities ?? message.caption_entities;
  return h(
    "div",
    // A tap puts the focus here, and so shows what can be done with it.
    { class: "bubble", tabindex: "-1" },
    isGroup ? authorLine(author) : null,
    message.forward_origin ? forwarded(message.forward_origin) : null,
    isAnswer(message) ? quoted(message.reply_to_message) : null,
    message.photo ? photo(message) : null,
    message.document ? file(message.document) : null,
    h("div", { class: "text" }, richText(words, entities), meta(message)),
    deeds(),
  );
}

// In a topic every message "answers" the note that opened it.
const isAnswer = (message) =>
  message.reply_to_message && !("forum_topic_created" in message.reply_to_message);

function authorLine(author) {
  const colour = Number(String(author?.id ?? 0).slice(-2)) % COLOURS;
  return h("div", { class: `author colour-${colour}` }, nameOf(author));
}

function forwarded(origin) {
  const from = origin.chat ?? origin.sender_chat ?? origin.sender_user;
  return h("div", { class: "forwarded" }, `Переслано: ${nameOf(from)}`);
}

function quoted(message) {
  const name = nameOf(message.sender_chat ?? message.from);
  return h("div", { class: "quoted" }, h("strong", {}, name), h("span", {}, preview(message)));
}

function photo(message) {
  const best = message.photo.at(-1);
  return h("img", {
    class: "photo",
    src: fileUrl(best.file_id),
    width: best.width,
    height: best.height,
    alt: message.caption ?? "Фото",
  });
}

function file(document) {
  return h(
    "a",
    { class: "file", href: fileUrl(document.file_id), download: document.file_name },
    h("span", { class: "file-sign" }, icon("file")),
    h(
      "span",
      { class: "file-words" },
      h("strong", {}, document.file_name),
      h("small", {}, `${sizeOf(document.file_size)} · скачать`),
    ),
  );
}

function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes} Б`;
  const [size, unit] = bytes < 1 << 20 ? [bytes / 1024, "КБ"] : [bytes / (1 << 20), "МБ"];
  return `${size.toLocaleString("ru", { maximumFractionDigits: 1 })} ${unit}`;
}

function meta(message) {
  return h(
    "span",
    { class: "meta" },
    message.is_silent ? icon("silent", "Без звука") : null,
    message.edit_date ? h("span", { class: "edited" }, "изменено") : null,
    h("time", { title: momentOf(message.date) }, timeOf(message.date)),
  );
}

function deeds() {
  const deed = (name, label) =>
    h(
      "button",
      { type: "button", class: "deed", title: label, "aria-label": label, dataset: { deed: name } },
      icon(name),
    );
  return h("div", { class: "deeds" }, deed("reply", "Ответить"), deed("forward", "Переслать"));
}
