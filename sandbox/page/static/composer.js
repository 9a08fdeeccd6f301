// Typing: the field, the menu of commands, the answer to a message, who speaks.

import { byId, h, moveFocus } from "./dom.js";
import { preview } from "./service.js";

export class Composer {
  // `on.send(text, replyTo)`, `on.speaker(id)`, `on.commands()` gives the menu.
  constructor(on) {
    this.on = on;
    this.replyTo = null;
    // The newest wish about the menu: what was asked for an older one is not shown.
    this.wish = 0;
    this.field = byId("text");
    this.menu = byId("commands");
    byId("composer").addEventListener("submit", (event) => this.#submit(event));
    this.field.addEventListener("input", () => this.#typed());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    byId("menu-button").addEventListener("click", () => this.#toggleMenu());
    this.menu.addEventListener("keydown", (event) => this.#menuKey(event));
    byId("drop-reply").addEventListener("click", () => this.answer(null));
    byId("speaker").addEventListener("change", (event) => on.speaker(Number(event.target.value)));
  }

  // `speakers` are {id, name, role}.
  enter(speakers, current, placeholder) {
    const option = (person) =>
      h("option", { value: person.id, selected: person.id === current }, `${person.name} · ${person.role}`);
    byId("speaker").replaceChildren(...speakers.map(option));
    byId("speaking").hidden = speakers.length < 2;
    this.field.placeholder = placeholder;
    this.answer(null);
    this.#closeMenu();
  }

  paste(text) {
    this.field.value = text;
    this.#typed();
    this.field.focus();
  }

  answer(message) {
    this.replyTo = message;
    byId("reply-to").hidden = !message;
    byId("reply-words").textContent = message ? preview(message) : "";
    if (message) this.field.focus();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.field.value.trim();
    if (!text) return;
    const { replyTo } = this;
    this.field.value = "";
    this.#typed();
    this.answer(null);
    this.on.send(text, replyTo);
  }

  #typed() {
    byId("send").disabled = !this.field.value.trim();
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
    if (/^\/\w*$/.test(this.field.value)) this.#openMenu(this.field.value.slice(1));
    else this.#closeMenu();
  }

  #key(event) {
    if (event.key === "Escape") return this.menu.hidden ? this.answer(null) : this.#closeMenu();
    if (!this.menu.hidden && moveFocus(event, [...this.menu.children])) return undefined;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return undefined;
    return this.#submit(event);
  }

  #menuKey(event) {
    if (event.key === "Escape") {
      this.#closeMenu();
      this.field.focus();
    } else moveFocus(event, [...this.menu.children]);
  }

  // True once it stands there.
  async #openMenu(prefix) {
    this.wish += 1;
    const { wish } = this;
    const commands = (await this.on.commands()).filter((one) => one.command.startsWith(prefix));
    if (this.wish !== wish) return false;
    this.menu.replaceChildren(...commands.map((one) => this.#command(one)));
    this.menu.hidden = !commands.length;
    byId("menu-button").setAttribute("aria-expanded", String(!this.menu.hidden));
    return !this.menu.hidden;
  }

  async #toggleMenu() {
    if (!this.menu.hidden) return this.#closeMenu();
    if (await this.#openMenu("")) this.menu.firstElementChild.focus();
    return undefined;
  }

  #closeMenu() {
    this.wish += 1;
    this.menu.hidden = true;
    byId("menu-button").setAttribute("aria-expanded", "false");
  }

  #command(one) {
    const send = () => {
      this.field.value = "";
      this.#typed();
      this.field.focus();
      this.on.command(`/${one.command}`);
    };
    return h(
      "button",
      { type: "button", onclick: send },
      h("strong", {}, `/${one.command}`),
      h("span", {}, one.description),
    );
  }
}
