// Keys of the sandbox's Avito accounts, to paste with one tap.

import { sheet } from "./dialogs.js";
import { h } from "./dom.js";

export function openKeys(keys, onPaste) {
  const paste = (name, value) =>
    h(
      "button",
      {
        type: "button",
        "aria-label": `Вставить ${name}`,
        onclick: () => {
          box.close();
          onPaste(value);
        },
      },
      name,
    );
  const line = (key) =>
    h(
      "div",
      { class: "key" },
      h("strong", {}, key.name),
      h("small", {}, key.kind),
      h("div", {}, paste("client_id", key.client_id), paste("client_secret", key.client_secret)),
    );
  const about = h("p", { class: "about" }, "Ненастоящие: подходят только к Avito из этого демо.");
  const box = sheet("Ключи Avito", about, ...keys.map(line));
}
