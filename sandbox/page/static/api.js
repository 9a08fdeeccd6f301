// The server of the demo: state and switches of the page, and what people do in Telegram.

async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error ?? `ответ ${response.status}`);
  return body;
}

export const get = async (path) => answered(await fetch(path));

export const post = async (path, body) =>
  answered(
    await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );

export const loadState = () => get("/page/api/state");
export const turnSwitch = (id, on) => post(`/page/api/switches/${id}`, { on });
export const moveClock = (step) => post("/page/api/clock", { step });
export const loadMessages = (room, before = 0) =>
  get(`/page/api/rooms/${room.id}/messages?before=${before}`);
export const loadCommands = (room, userId) =>
  get(`/page/api/rooms/${room.id}/commands?user_id=${userId}`);

// A deed of a person in a room: send, press, share_chat, forward.
export function act(deed, room, userId, details) {
  const where = { user_id: userId, chat_id: room.chat_id, thread_id: room.thread_id };
  return post(`/_sandbox/${deed}`, { ...where, ...details });
}

export const fileUrl = (fileId) => `/_sandbox/files/${encodeURIComponent(fileId)}`;

// Events from `after` on, for as long as the page lives; the browser reconnects by itself.
export function follow(after, world, { onEvent, onConnection }) {
  const source = new EventSource(`/page/api/events?after=${after}`);
  source.addEventListener("message", (event) => onEvent(JSON.parse(event.data)));
  source.addEventListener("world", (event) => {
    // Another demo was started at the same address.
    if (event.data !== world) location.reload();
    onConnection(true);
  });
  source.addEventListener("error", () => onConnection(false));
}
