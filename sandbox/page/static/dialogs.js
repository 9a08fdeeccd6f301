// What appears over the chat: a toast, an alert, a choice.

import { byId, h } from "./dom.js";

const TOAST_MS = 4000;

export function toast(text) {
  const shown = h("div", { class: "toast" }, text);
  byId("toasts").append(shown);
  setTimeout(() => shown.remove(), TOAST_MS);
}

function open(kind, ...children) {
  const box = h("dialog", { class: kind, closedby: "any" }, ...children);
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

export function alertBox(text) {
  const box = open(
    "alert",
    h("p", { role: "alert" }, text),
    h("button", { type: "button", class: "main", onclick: () => box.close() }, "Понятно"),
  );
}

// Items are {title, note, value}; the value chosen, or null.
export function choose(title, items) {
  return new Promise((resolve) => {
    let chosen = null;
    const line = (item) => {
      const pick = () => {
        chosen = item.value;
        box.close();
      };
      return h(
        "button",
        { type: "button", class: "choice", onclick: pick },
        h("strong", {}, item.title),
        h("small", {}, item.note),
      );
    };
    const none = items.length ? null : h("p", {}, "Подходящих чатов нет.");
    const box = sheet(title, ...items.map(line), none);
    box.addEventListener("close", () => resolve(chosen));
  });
}

export function sheet(title, ...children) {
  const close = h("button", { type: "button", class: "close", "aria-label": "Закрыть" }, "×");
  const box = open("sheet", h("header", {}, h("h2", {}, title), close), ...children);
  close.addEventListener("click", () => box.close());
  return box;
}
