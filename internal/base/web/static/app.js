// What the script adds: pages work without it, it only shortens. No request, no storage.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // « Afficher » on passwords; hidden again when the form leaves, so that the browser offers to save it.
  for (const box of all("[data-reveal]")) {
    const input = box.querySelector("input");
    const button = box.querySelector("button");
    const word = button.querySelector("[data-word]");
    const show = (shown) => {
      input.type = shown ? "text" : "password";
      word.textContent = shown ? "Masquer" : "Afficher";
    };
    button.hidden = false;
    button.addEventListener("click", () => show(input.type === "password"));
    if (input.form) input.form.addEventListener("submit", () => show(false));
  }

  // The summary of errors takes the focus where autofocus did not.
  const errors = document.getElementById("erreurs");
  if (errors && document.activeElement !== errors) errors.focus();

  // The phone's menu closes with Escape.
  for (const menu of all("details.menu")) {
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }

  // One button folds or unfolds all the weeks of an agenda.
  for (const agenda of all(".agenda")) {
    const weeks = all("details", agenda);
    if (weeks.length < 2) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button agenda-all";
    const name = () => { button.textContent = weeks.every((w) => w.open) ? "Replier les semaines" : "Déplier les semaines"; };
    button.addEventListener("click", () => {
      const open = !weeks.every((w) => w.open);
      for (const week of weeks) week.open = open;
      name();
    });
    for (const week of weeks) week.addEventListener("toggle", name);
    name();
    agenda.prepend(button);
  }

  // A form with an agenda tells at its foot how many boxes differ from what is saved.
  for (const form of all("form")) {
    const words = form.querySelector("[data-changes]");
    if (!words || !form.querySelector(".agenda, [data-board]")) continue;
    const before = words.textContent;
    form.addEventListener("change", () => {
      const n = all("input[type=checkbox]", form).filter((b) => b.checked !== b.defaultChecked).length;
      words.textContent = n === 0 ? before : n === 1 ? "1 changement" : n + " changements";
    });
  }

  // « Imprimer » buttons are there only if they can work.
  for (const button of all("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // Agents: « / » goes to the search box, unless something is being typed.
  const search = document.querySelector("[data-search]");
  if (search) {
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, textarea, select, [contenteditable]")) return;
      event.preventDefault();
      search.focus();
    });
  }
})();
