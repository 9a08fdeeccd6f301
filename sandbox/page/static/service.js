// What Telegram itself writes into a chat.

const names = (users) => users.map((user) => user.first_name).join(", ");

const NOTES = {
  new_chat_members: (message) => `${names(message.new_chat_members)} теперь в группе`,
  left_chat_member: (message) => `${message.left_chat_member.first_name} больше не в группе`,
  migrate_to_chat_id: () => "Группа стала супергруппой",
  migrate_from_chat_id: () => "Супергруппа создана из группы",
  forum_topic_created: (message) => `Создана тема «${message.forum_topic_created.name}»`,
  forum_topic_closed: () => "Тема закрыта",
  forum_topic_reopened: () => "Тема открыта снова",
  chat_shared: (message) => `Вы выбрали чат «${message.chat_shared.title ?? "без названия"}»`,
};

// The note in words; undefined when the message is somebody's own.
export function serviceText(message) {
  const kind = Object.keys(NOTES).find((name) => name in message);
  return kind && NOTES[kind](message);
}

export function preview(message) {
  const note = serviceText(message);
  if (note) return note;
  const words = message.text ?? message.caption ?? "";
  if (message.photo) return `Фото ${words}`;
  if (message.document) return `Файл ${message.document.file_name}`;
  return words;
}
