// The panel: troubles on and off, and the time.

import { moveClock, turnSwitch } from "./api.js";
import { toast } from "./dialogs.js";
import { byId, h } from "./dom.js";
import { dayOf, timeOf, weekdayOf } from "./times.js";

const STEPS = { hour: "+1 час", day: "+1 день", morning: "Утро, 09:00" };

export class Panel {
  constructor(onTurned) {
    this.onTurned = onTurned;
    const step = ([name, label]) =>
      h("button", { type: "button", onclick: () => this.#move(name) }, label);
    byId("clock-steps").append(...Object.entries(STEPS).map(step));
    setInterval(() => this.#tick(), 1000);
  }

  show(panel) {
    this.panel = panel;
    this.since = performance.now();
    byId("switches").replaceChildren(...panel.switches.map((one) => this.#switch(one)));
    byId("troubles").hidden = !panel.switches.some((one) => one.is_on && !one.is_locked);
    this.#tick();
  }

  async #move(step) {
    if (step === "morning") toast("Идёт ночь: бот читает, что нужно к утру…");
    this.show(await moveClock(step));
    toast(`Теперь ${this.#words()} по Москве`);
  }

  async #turn(one) {
    this.show(await turnSwitch(one.id, !one.is_on));
    byId(`switch-${one.id}`)?.focus();
    this.onTurned();
  }

  #switch(one) {
    return h(
      "button",
      {
        type: "button",
        id: `switch-${one.id}`,
        class: "switch",
        role: "switch",
        "aria-checked": String(one.is_on),
        disabled: one.is_locked,
        onclick: () => this.#turn(one),
      },
      h("span", {}, one.title, h("small", {}, one.note)),
      h("i", { "aria-hidden": "true" }),
    );
  }

  #now() {
    const passed = (performance.now() - this.since) / 1000;
    return this.panel.now + passed * this.panel.scale;
  }

  #words() {
    return `${dayOf(this.#now())}, ${timeOf(this.#now())}`;
  }

  #tick() {
    byId("clock-time").textContent = timeOf(this.#now());
    byId("clock-day").textContent = `${weekdayOf(this.#now())}, ${dayOf(this.#now())}`;
  }
}
