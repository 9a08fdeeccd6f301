// Text with Telegram's entities as DOM. Offsets are UTF-16 units, as in JavaScript itself.

import { h } from "./dom.js";

const PLAIN = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
};
const QUOTES = new Set(["blockquote", "expandable_blockquote"]);
const SAFE_LINK = /^(https?|mailto|tel|tg):/i;

export function richText(text, entities = []) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return between(text, sorted, 0, text.length);
}

// The part from `start` to `end`; entities that lie inside another are drawn inside it.
function between(text, entities, start, end) {
  const part = document.createDocumentFragment();
  let at = start;
  entities.forEach((entity, index) => {
    const from = Math.max(entity.offset, start);
    const to = Math.min(entity.offset + entity.length, end);
    if (from < at || to <= from) return;
    part.append(text.slice(at, from));
    const inside = between(text, entities.slice(index + 1), from, to);
    const drawn = element(entity, inside, text.slice(from, to));
    part.append(drawn);
    // A block breaks the line by itself.
    at = isBlock(entity) && text[to] === "\n" ? to + 1 : to;
  });
  part.append(text.slice(at, end));
  return part;
}

const isBlock = (entity) => entity.type === "pre" || QUOTES.has(entity.type);

function element(entity, inside, words) {
  const { type } = entity;
  if (PLAIN[type]) return h(PLAIN[type], {}, inside);
  if (type === "pre") return h("pre", { "data-language": entity.language }, inside);
  if (type === "spoiler") return spoiler(inside);
  if (type === "blockquote") return h("blockquote", {}, inside);
  if (type === "expandable_blockquote") return expandable(inside);
  if (type === "bot_command") return action("command", words, inside);
  if (type === "text_link") return link(entity.url, inside);
  if (type === "url") return link(/^\w+:\/\//.test(words) ? words : `http://${words}`, inside);
  if (type === "email") return link(`mailto:${words}`, inside);
  return h("span", { class: "mention" }, inside);
}

function spoiler(inside) {
  const cover = h(
    "span",
    { class: "spoiler", role: "button", tabindex: 0, "aria-label": "Скрытый текст" },
    inside,
  );
  const open = () => {
    cover.classList.add("open");
    for (const name of ["role", "tabindex", "aria-label"]) cover.removeAttribute(name);
  };
  cover.addEventListener("click", open, { once: true });
  cover.addEventListener("keydown", (event) => event.key === "Enter" && open());
  return cover;
}

function expandable(inside) {
  const quote = h("blockquote", { class: "expandable", tabindex: 0 }, inside);
  const toggle = () => quote.classList.toggle("open");
  quote.addEventListener("click", toggle);
  quote.addEventListener("keydown", (event) => event.key === "Enter" && toggle());
  return quote;
}

function action(kind, value, inside) {
  return h("button", { type: "button", class: "in-text", dataset: { [kind]: value } }, inside);
}

export function link(url, inside) {
  if (!SAFE_LINK.test(url)) return h("span", {}, inside);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, inside);
}
