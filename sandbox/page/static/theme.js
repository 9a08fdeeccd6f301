// Light or dark: as the system says, until the person says otherwise.

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

export function setUpTheme(button) {
  root.dataset.theme = localStorage.getItem("theme") ?? "";
  const isDark = () => (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    show();
  });
  system.addEventListener("change", show);
  show();
}
