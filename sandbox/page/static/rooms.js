// The list of chats, with what was said last and what was not seen yet.

import { h, icon, moveFocus } from "./dom.js";
import { preview } from "./service.js";
import { timeOf } from "./times.js";

export class RoomList {
  constructor(nav, onOpen) {
    Object.assign(this, { nav, onOpen, unread: new Map(), lines: new Map() });
    nav.addEventListener("keydown", (event) => moveFocus(event, [...nav.children]));
  }

  // Also when a room changed: a group that became a supergroup has another number.
  show(rooms) {
    this.rooms = rooms;
    this.nav.replaceChildren(...rooms.map((room) => this.#line(room)));
    if (this.current) this.open(this.find(this.current));
  }

  find(id) {
    return this.rooms.find((room) => room.id === id);
  }

  // The room that shows an event with this chat key and message.
  roomOf(key, message) {
    const thread = message.message_thread_id ?? null;
    return this.rooms.find((room) => room.key === key && room.thread_id === thread);
  }

  open(room) {
    this.current = room.id;
    this.unread.set(room.id, 0);
    for (const other of this.rooms) this.#redraw(other);
  }

  // `isNews`: somebody wrote it, and not the one who reads.
  note(room, message, isNews) {
    room.last = message;
    if (isNews && room.id !== this.current) {
      this.unread.set(room.id, (this.unread.get(room.id) ?? 0) + 1);
    }
    this.#redraw(room);
  }

  #redraw(room) {
    this.lines.get(room.id).replaceWith(this.#line(room));
  }

  #line(room) {
    const count = this.unread.get(room.id) ?? 0;
    const line = h(
      "button",
      {
        type: "button",
        class: "room",
        "aria-current": String(room.id === this.current),
        dataset: { room: room.id },
        onclick: () => this.onOpen(this.find(room.id)),
      },
      avatar(room),
      h("span", { class: "room-title" }, room.title),
      h("time", {}, room.last ? timeOf(room.last.date) : ""),
      h("span", { class: "room-last" }, room.last ? preview(room.last) : room.note),
      count ? h("span", { class: "unread", "aria-label": `новых: ${count}` }, String(count)) : null,
    );
    const had = this.lines.get(room.id);
    this.lines.set(room.id, line);
    // A line that is replaced under the keyboard keeps the focus.
    if (had === document.activeElement) queueMicrotask(() => line.focus());
    return line;
  }
}

const SIGNS = { private: "bot", group: "group", topic: "topic", general: "topic", channel: "channel" };

export function avatar(room) {
  const sign = SIGNS[room.id] ?? "person";
  return h("span", { class: `avatar avatar-${room.id}` }, icon(sign));
}
