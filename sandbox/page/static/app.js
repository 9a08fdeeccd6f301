// Puts the page together: the list of chats, the open chat, typing, the panel.

import { act, follow, loadCommands, loadState } from "./api.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { alertBox, choose, toast } from "./dialogs.js";
import { byId, h } from "./dom.js";
import { guideBar } from "./guide-bar.js";
import { replyKeyboard, standingKeyboard } from "./keyboards.js";
import { openKeys } from "./keys.js";
import { Panel } from "./panel.js";
import { avatar, RoomList } from "./rooms.js";
import { setUpTheme } from "./theme.js";

const TYPING_MS = 5000;

const state = await loadState();
const people = new Map(state.people.map((person) => [person.id, person]));
const chosenSpeakers = new Map();
let room = null;
let typingTimer = 0;

const rooms = new RoomList(byId("rooms"), (chosen) => enter(chosen));
const composer = new Composer({ send, command, speaker: speakAs, commands });
const panel = new Panel(refresh);
const guide = guideBar(byId("hint"), state.keys, (text) => send(text));
const chat = new Conversation(byId("log"), byId("messages"), byId("down"), { changed });

// Rooms

function speaker() {
  const chosen = chosenSpeakers.get(room.id);
  return room.speakers.find((one) => one.id === chosen) ?? room.speakers[0];
}

async function enter(chosen) {
  room = chosen;
  document.body.dataset.view = "chat";
  history.replaceState(null, "", `#${room.id}`);
  rooms.open(room);
  byId("chat-avatar").replaceChildren(avatar(room));
  byId("chat-title").textContent = room.title;
  showStatus();
  showSpeakers();
  await chat.open(room, speaker());
}

function showSpeakers() {
  const named = room.speakers.map((one) => people.get(one.id));
  composer.enter(named, speaker()?.id, room.type === "channel" ? "Запись в канал" : "Сообщение");
}

function speakAs(id) {
  chosenSpeakers.set(room.id, id);
  chat.speakAs(speaker());
}

// A group got another number, somebody came or went.
async function refresh() {
  const fresh = await loadState();
  panel.show(fresh.panel);
  const before = room;
  rooms.show(fresh.rooms);
  room = rooms.find(before.id);
  if (room.key !== before.key) await enter(room);
  else showSpeakers();
}

function showStatus(words) {
  byId("chat-status").textContent = words ?? room.note;
}

// What the person does

async function deed(name, details) {
  try {
    if (!speaker()) throw new Error("здесь некому писать");
    return await act(name, room, speaker().id, details);
  } catch (error) {
    return toast(`Не получилось: ${error.message}`);
  }
}

function send(text, replyTo = null) {
  return deed("send", { text, reply_to_message_id: replyTo?.message_id ?? null });
}

function command(words) {
  return send(room.type === "private" ? words : `${words}@${state.bot.username}`);
}

async function commands() {
  return (await loadCommands(room, speaker().id)).commands;
}

function press(button) {
  const { callback, url, copy } = button.dataset;
  if (url) return openUrl(url);
  if (copy) return navigator.clipboard.writeText(copy).then(() => toast("Скопировано"));
  button.classList.add("pressed");
  const message = button.closest(".message");
  return deed("press", { message_id: Number(message.dataset.id), data: callback });
}

// A link to the bot opens the chat with it or adds it somewhere; any other leads outside, in a
// tab of its own.
async function openUrl(url) {
  const link = new URL(url, location.href);
  if (link.host !== "t.me" || link.pathname !== `/${state.bot.username}`) {
    window.open(url, "_blank", "noopener,noreferrer");
    return;
  }
  const { searchParams: asked } = link;
  if (asked.has("startgroup")) return void addToGroup(asked.get("startgroup"));
  if (asked.has("startchannel")) {
    return void toast("В канале демо бот уже есть: выберите канал из списка или перешлите пост.");
  }
  await openPrivate(asked.get("start") ?? "");
}

async function openPrivate(payload) {
  const own = rooms.rooms.find((one) => one.type === "private" && one.chat_id === speaker().id);
  if (!own) return void toast("У этого человека нет своего чата с ботом в демо.");
  await enter(own);
  await send(`/start ${payload}`.trim());
}

async function addToGroup(payload) {
  const chosen = await chooseChat((one) => one.type !== "channel");
  if (!chosen) return;
  await enter(rooms.rooms.find((one) => one.chat_id === chosen && !one.thread_id));
  await deed("follow_group_link", { payload });
}

// Telegram offers whole chats: the topics of a forum are one.
function chooseChat(isWanted) {
  const chats = rooms.rooms.filter((one) => one.type !== "private" && isWanted(one));
  const unique = chats.filter((one, at) => chats.findIndex((it) => it.key === one.key) === at);
  const items = unique.map((one) => ({
    title: one.chat_title,
    note: one.type === "channel" ? "канал" : "группа",
    value: one.chat_id,
  }));
  return choose("Выберите чат", items);
}

async function pressReplyKey(button) {
  if (!button.request_chat) return send(button.text);
  const { request_chat: wanted } = button;
  const chosen = await chooseChat((one) => wanted.chat_is_channel === (one.type === "channel"));
  if (chosen) await deed("share_chat", { shared_chat_id: chosen, button: button.text });
  return undefined;
}

async function forward(message) {
  const items = rooms.rooms.map((one) => ({ title: one.title, note: one.note, value: one.id }));
  const target = await choose("Куда переслать", items);
  if (!target) return;
  const from = { from_chat_id: room.chat_id, message_id: message.message_id };
  await enter(rooms.find(target));
  await deed("forward", from);
}

// What happens in the chats

function changed() {
  const messages = chat.read();
  const hint = guide(room, messages);
  chat.point(hint?.point);
  const keyboard = standingKeyboard(messages);
  byId("reply-keyboard").replaceChildren(...(keyboard ? replyKeyboard(keyboard, pressReplyKey) : []));
  const isNew = room.type === "private" && !messages.length;
  byId("start").hidden = !isNew;
  byId("welcome").hidden = !isNew;
  byId("composer").hidden = isNew;
}

const onEvent = {
  message: showMessage,
  edited: showMessage,
  deleted({ chat: key, data: { message } }) {
    const where = rooms.roomOf(key, message);
    if (!where) return;
    if (where === room) chat.remove(message.message_id);
    if (where.last?.message_id === message.message_id) {
      rooms.note(where, where === room ? (chat.read().at(-1) ?? null) : null, false);
    }
  },
  notice({ chat: key, data }) {
    if (key === room.key) chat.endPress(data.message_id);
    if (data.url) openUrl(data.url);
    else if (data.is_alert) alertBox(data.text);
    else if (data.text) toast(data.text);
  },
  action({ chat: key }) {
    if (key !== room.key) return;
    showStatus("печатает…");
    clearTimeout(typingTimer);
    typingTimer = setTimeout(showStatus, TYPING_MS);
  },
  member: refresh,
};

function showMessage({ kind, chat: key, data: { message } }) {
  if ("migrate_to_chat_id" in message) refresh();
  const where = rooms.roomOf(key, message);
  if (!where) return;
  const isNew = kind === "message";
  const author = (message.sender_chat ?? message.from)?.id;
  const isForeign = !where.speakers.some((one) => one.writes_as === author);
  if (isNew || where.last?.message_id === message.message_id) {
    rooms.note(where, message, isNew && isForeign);
  }
  if (where !== room) return;
  showStatus();
  chat.receive(message);
}

// Pointing and keys

byId("messages").addEventListener("click", (event) => {
  const target = event.target.closest("button, a");
  if (!target) return;
  const id = Number(target.closest(".message").dataset.id);
  if (target.matches(".inline")) press(target);
  else if (target.dataset.deed === "reply") composer.answer(chat.messages.get(id));
  else if (target.dataset.deed === "forward") forward(chat.messages.get(id));
  else if (target.dataset.command) send(target.dataset.command);
  else if (new URL(target.href).host === "t.me") {
    event.preventDefault();
    openUrl(target.href);
  }
});

function togglePanel() {
  const isOpen = document.body.classList.toggle("with-panel");
  byId("panel-button").setAttribute("aria-expanded", String(isOpen));
  byId("panel").inert = !isOpen;
  (isOpen ? byId("close-panel") : byId("panel-button")).focus();
}

byId("panel-button").addEventListener("click", togglePanel);
byId("close-panel").addEventListener("click", togglePanel);
byId("panel").addEventListener("keydown", (event) => event.key === "Escape" && togglePanel());
byId("keys-button").addEventListener("click", () => openKeys(state.keys, (key) => composer.paste(key)));
byId("start").addEventListener("click", () => {
  send("/start");
  byId("log").focus();
});
addEventListener("unhandledrejection", (event) => toast(`Не получилось: ${event.reason.message}`));
byId("back").addEventListener("click", () => {
  document.body.dataset.view = "list";
  byId("rooms").querySelector("[aria-current=true]")?.focus();
});
// Somebody types another chat into the address, or follows a link to it.
addEventListener("hashchange", () => {
  const wanted = rooms.find(location.hash.slice(1));
  if (wanted && wanted.id !== room.id) enter(wanted);
});
setUpTheme(byId("theme"));

panel.show(state.panel);
rooms.show(state.rooms);
await enter(rooms.find(location.hash.slice(1)) ?? state.rooms[0]);
follow(state.last_event, state.world, {
  onEvent: (event) => onEvent[event.kind]?.(event),
  onConnection: (isUp) => {
    byId("offline").hidden = isUp;
  },
});
