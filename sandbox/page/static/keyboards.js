// Buttons under a message and the keyboard in place of typing.

import { h, icon } from "./dom.js";

export function inlineKeyboard(rows) {
  return h("div", { class: "buttons" }, ...rows.map((row) => h("div", {}, ...row.map(inlineButton))));
}

function inlineButton(button) {
  const dataset = button.url ? { url: button.url } : { callback: button.callback_data ?? "" };
  if (button.copy_text) dataset.copy = button.copy_text.text;
  return h(
    "button",
    { type: "button", class: "inline", dataset },
    h("span", {}, button.text),
    button.url ? icon("out") : null,
  );
}

// The keyboard that stands after `messages` (oldest first), or null.
export function standingKeyboard(messages) {
  const changes = ({ reply_markup: it }) => it?.keyboard || it?.remove_keyboard;
  const at = messages.findLastIndex(changes);
  const markup = messages[at]?.reply_markup;
  if (!markup?.keyboard) return null;
  const wasUsed = messages.slice(at + 1).some((message) => !message.from?.is_bot);
  return markup.one_time_keyboard && wasUsed ? null : markup;
}

export function replyKeyboard(markup, onPress) {
  const button = (raw) =>
    h(
      "button",
      { type: "button", onclick: () => onPress(raw) },
      raw.request_chat ? icon("group") : null,
      raw.text,
    );
  return markup.keyboard.map((row) => h("div", {}, ...row.map(button)));
}
