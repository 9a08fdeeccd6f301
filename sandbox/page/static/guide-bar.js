// The bar over the field that shows the next step to the first report.

import { h } from "./dom.js";
import { hintFor } from "./guide.js";

// A function (room, messages) that shows the hint and returns it; `onSend` takes a chip's text.
export function guideBar(bar, keys, onSend) {
  let isWanted = true;
  let shown = "";
  // The hint went while it had the focus: the next one has it again, unless it was taken.
  let keepsFocus = false;

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
    bar.hidden = false;
    if (hadFocus || keepsFocus) (chips[0] ?? close).focus();
    keepsFocus = false;
  };

  return (room, messages) => {
    const hint = isWanted ? hintFor(room, messages, keys) : null;
    const now = JSON.stringify(hint);
    if (!hint && bar.contains(document.activeElement)) keepsFocus = true;
    else if (!hint && document.activeElement !== document.body) keepsFocus = false;
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
