// The open chat: draws what is new, keeps the place, loads what is above when asked.

import { loadMessages } from "./api.js";
import { drawMessage } from "./message.js";

const NEAR_BOTTOM = 80;
const NEAR_TOP = 600;
const MOST_DRAWN = 600;
const DROPPED_AT_ONCE = 300;

export class Conversation {
  // `on.changed()` is called after every change of what can be read.
  constructor(log, list, down, on) {
    Object.assign(this, { log, list, down, on });
    this.messages = new Map();
    this.room = null;
    this.isAtBottom = true;
    this.lastTop = 0;
    this.hasMore = false;
    this.isLoading = false;
    log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    down.addEventListener("click", () => this.scrollToBottom());
    const settle = new ResizeObserver(() => this.isAtBottom && this.scrollToBottom());
    settle.observe(list);
    settle.observe(log);
  }

  async open(room, speaker) {
    this.room = room;
    this.messages.clear();
    this.list.replaceChildren();
    this.hasMore = false;
    // What was said long ago is not read aloud.
    this.log.setAttribute("aria-busy", "true");
    const page = await loadMessages(room);
    if (this.room !== room) return;
    this.hasMore = page.has_more;
    for (const message of page.messages) {
      // What came while they were on their way is newer than they are.
      if (!this.messages.has(message.message_id)) this.messages.set(message.message_id, message);
    }
    this.list.replaceChildren(...this.read().map((message) => this.#draw(message)));
    this.speakAs(speaker);
    for (const node of this.list.children) joinTo(node.previousElementSibling, node);
    this.scrollToBottom();
    this.log.removeAttribute("aria-busy");
    this.on.changed();
  }

  // Own messages stand at the right.
  speakAs(speaker) {
    this.author = speaker?.writes_as ?? 0;
    for (const node of this.list.children) this.#side(node);
  }

  receive(message) {
    const id = message.message_id;
    if (this.hasMore && id < this.#firstId()) return;
    const fresh = this.#draw(message);
    this.#side(fresh);
    const shown = this.#node(id);
    this.messages.set(id, message);
    if (shown) replace(shown, fresh);
    else this.#append(fresh);
    joinTo(fresh.previousElementSibling, fresh);
    joinTo(fresh, fresh.nextElementSibling);
    this.on.changed();
  }

  remove(id) {
    const node = this.#node(id);
    this.messages.delete(id);
    if (!node) return;
    const { previousElementSibling: before, nextElementSibling: after } = node;
    node.remove();
    joinTo(before, after);
    this.on.changed();
  }

  endPress(id) {
    this.#node(id)?.querySelectorAll(".pressed").forEach((it) => it.classList.remove("pressed"));
  }

  // Marks the newest button whose data starts with `prefix`, for a person who looks for it.
  point(prefix) {
    this.list.querySelectorAll(".pointed").forEach((it) => it.classList.remove("pointed"));
    if (!prefix) return;
    const buttons = [...this.list.querySelectorAll(`[data-callback^="${prefix}"]`)];
    buttons.at(-1)?.classList.add("pointed");
  }

  // Oldest first.
  read() {
    return [...this.messages.values()].sort((a, b) => a.message_id - b.message_id);
  }

  scrollToBottom() {
    this.log.scrollTop = this.log.scrollHeight;
    this.isAtBottom = true;
    this.down.hidden = true;
  }

  #draw(message) {
    return drawMessage(message, { isGroup: this.room.type !== "private" });
  }

  #side(node) {
    node.classList.toggle("own", Number(node.dataset.author) === this.author);
  }

  #append(node) {
    node.classList.add("fresh");
    this.list.append(node);
    if (node.classList.contains("own")) this.isAtBottom = true;
    if (!this.isAtBottom) this.down.hidden = false;
    else this.#dropOldest();
  }

  // A chat that is only watched must not grow for ever.
  #dropOldest() {
    if (this.list.childElementCount <= MOST_DRAWN) return;
    for (const node of [...this.list.children].slice(0, DROPPED_AT_ONCE)) {
      this.messages.delete(Number(node.dataset.id));
      node.remove();
    }
    joinTo(null, this.list.firstElementChild);
    this.hasMore = true;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM;
    // What grows below by itself does not mean that the person went up.
    if (isNear || scrollTop < this.lastTop) this.isAtBottom = isNear;
    this.lastTop = scrollTop;
    if (isNear) this.down.hidden = true;
    if (scrollTop < NEAR_TOP && this.hasMore) this.#loadEarlier();
  }

  async #loadEarlier() {
    if (this.isLoading) return;
    this.isLoading = true;
    try {
      const { room } = this;
      const page = await loadMessages(room, this.#firstId());
      if (room === this.room) this.#prepend(page);
    } finally {
      this.isLoading = false;
    }
  }

  #prepend(page) {
    this.hasMore = page.has_more;
    const first = this.list.firstElementChild;
    const before = first.getBoundingClientRect().top;
    const nodes = page.messages.map((message) => this.#draw(message));
    for (const message of page.messages) this.messages.set(message.message_id, message);
    this.list.prepend(...nodes);
    for (const node of [...nodes, first]) {
      this.#side(node);
      joinTo(node.previousElementSibling, node);
    }
    // What the person reads stays where it is.
    this.log.scrollTop += first.getBoundingClientRect().top - before;
  }

  #node(id) {
    return this.list.querySelector(`[data-id="${id}"]`);
  }

  #firstId() {
    return Number(this.list.firstElementChild?.dataset.id ?? 0);
  }
}

// Whoever works by the keyboard stays at the message that answers the press.
function replace(shown, fresh) {
  const hadFocus = shown.contains(document.activeElement);
  shown.replaceWith(fresh);
  if (hadFocus) fresh.querySelector(".inline")?.focus({ preventScroll: true });
}

// A day is named once, and neighbours by one author stand closer.
function joinTo(before, node) {
  if (!node) return;
  const isNewDay = before?.dataset.day !== node.dataset.day;
  if (isNewDay) node.dataset.newDay = node.dataset.day;
  else delete node.dataset.newDay;
  const isFollowing = !isNewDay && before?.dataset.author === node.dataset.author;
  node.classList.toggle("following", isFollowing && !before.classList.contains("service"));
}
