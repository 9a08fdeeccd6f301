// The bar over the field that shows the next step to the first report.

import { h } from "./dom.js";
import { hintFor } from "./guide.js";

// A function (room, messages) that shows the hint and returns it; `onSend` takes a chip's text.
export function guideBar(bar, keys, onSend) {
  let isWanted = true;
  let shown = "";

  const draw = (hint) => {
    const words = h("p", {}, hint.text);
    const hide = () => {
      isWanted = false;
      bar.hidden = true;
    };
    const close = h(
      "button",
      { type: "button", class: "close", "aria-label": "Скрыть подсказки", onclick: hide },
      "×",
    );
    const chips = (hint.chips ?? []).map((chip) => chipButton(chip, onSend));
    const row = chips.length ? h("div", { class: "chips" }, ...chips) : null;
    const hadFocus = bar.contains(document.activeElement);
    bar.replaceChildren(...[words, close, row].filter(Boolean));
    if (hadFocus) (chips[0] ?? close).focus();
  };

  return (room, messages) => {
    const hint = isWanted ? hintFor(room, messages, keys) : null;
    const now = JSON.stringify(hint);
    if (now !== shown && hint) draw(hint);
    shown = now;
    bar.hidden = !hint;
    return hint;
  };
}

function chipButton(chip, onSend) {
  return h(
    "button",
    { type: "button", class: "chip", title: chip.send, onclick: () => onSend(chip.send) },
    h("strong", {}, chip.label),
    chip.note ? h("small", {}, chip.note) : null,
  );
}
