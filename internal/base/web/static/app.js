// What the script adds: pages work without it, it only shortens. No storage; no request but « Changer les images »,
// suggestions of places, the challenge of a passkey and forms worked out again as they are filled in.
(() => {
  "use strict";
  if (typeof document === "undefined") {
    prove(); // this file is its own worker
    return;
  }
  const source = document.currentScript.src;
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

  // A form with an agenda says in each cell what its box will come to, tells at its foot how many differ from what is
  // saved, and in both that a moment passes while the page is open. The server decides all the same.
  for (const form of all("form")) {
    const words = form.querySelector("[data-changes]");
    if (!words || !form.querySelector(".agenda, [data-board]")) continue;
    const before = form.querySelector("[data-saved]") ? "Aucun changement" : words.textContent;
    const detail = words.nextElementSibling;
    const open = () => (Date.now() - performance.timeOrigin) / 1000; // seconds since the page was asked for
    const cells = all(".agenda-box input, label.cell input, select.agenda-pick", form).map((box) => {
      const label = box.closest("label") || form.querySelector('label[for="' + box.id + '"]') || box.previousElementSibling;
      const tag = label.querySelector(".tag") || label;
      const word = tag.querySelector("span");
      const { then, saved, left, over = "Trop tard" } = box.dataset;
      const was = box.options ? ([...box.options].find((o) => o.defaultSelected) || box.options[0]).value : box.defaultChecked ? box.value : "";
      const cell = { left: left ? +left : Infinity, passed: false };
      const held = saved ?? was;
      const said = word.textContent;
      const tone = [...tag.classList].find((c) => c.startsWith("tone-"));
      cell.show = () => {
        const now = box.options || box.checked ? box.value : "";
        const changed = now !== held;
        const late = cell.passed && (changed || !held);
        word.textContent = late ? over : !changed ? said : then ? then : now.endsWith("q") ? "Sur la liste d’attente" : !now ? "Sera annulé" : held ? "Sera changé" : "Sera réservé";
        tag.classList.toggle("tone-change", changed && !late);
        if (tone) tag.classList.toggle(tone, !changed || late);
        for (const icon of all("svg", tag)) icon.toggleAttribute("hidden", changed || late);
        return changed;
      };
      return cell;
    });
    const show = () => {
      const n = cells.filter((cell) => cell.show()).length;
      words.textContent = n === 0 ? before : n === 1 ? "1 changement" : n + " changements";
    };
    const pass = () => {
      const gone = cells.filter((cell) => !cell.passed && cell.left <= open());
      for (const cell of gone) cell.passed = true;
      if (gone.length) {
        show();
        detail.textContent = "Un délai vient de passer : la vérification dira ce qui reste possible";
      }
      const next = Math.min(...cells.map((cell) => (cell.passed ? Infinity : cell.left)));
      if (next < Infinity) setTimeout(pass, 1000 * Math.min(Math.max(next - open(), 0) + 1, 600));
    };
    form.addEventListener("change", show);
    window.addEventListener("pageshow", show); // boxes that the browser kept as they were
    pass();
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

  // Passkeys: what needs them shows where the browser has them. The first click asks the device, then sends the form.
  if (window.PublicKeyCredential && !/^[\d.]+$|:/.test(location.hostname)) { // addresses in figures have none
    for (const part of all("[data-passkey-none]")) part.hidden = true;
    for (const part of all("[data-passkey-only]")) part.hidden = false;
  }
  for (const button of all("[data-passkey]")) {
    const form = button.form;
    const said = form.querySelector("[data-passkey-said]");
    const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    const ask = async (given) => {
      const answer = given[0] === "{" ? null : await fetch(given, { method: "POST" });
      if (answer && !answer.ok) throw new Error("refused");
      const publicKey = answer ? await answer.json() : JSON.parse(given);
      publicKey.challenge = bytes(publicKey.challenge);
      for (const key of publicKey.excludeCredentials || []) key.id = bytes(key.id);
      if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
      const made = await navigator.credentials[publicKey.user ? "create" : "get"]({ publicKey });
      const response = {};
      for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
        if (made.response[name]) response[name] = text(made.response[name]);
      }
      return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
    };
    let ready = false;
    button.addEventListener("click", async (event) => {
      if (ready) {
        ready = false;
        return;
      }
      event.preventDefault();
      said.textContent = "";
      try {
        form.elements.reponse.value = await ask(button.dataset.passkey);
        ready = true;
        button.click();
      } catch {
        said.textContent = button.dataset.passkeySorry;
      }
    });
  }

  // A form with data-live asks the server again at each change and shows the parts marked data-live-part anew. The part
  // being typed in stays as it is, unless what changed gives it another shape.
  for (const form of all("form[data-live]")) {
    let last;
    form.addEventListener("change", async (event) => {
      const { target } = event;
      const mine = (last = {});
      const body = new URLSearchParams(new FormData(form));
      body.set("action", "recalculer");
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body }).catch(() => null);
      if (!answer || mine !== last) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== last) return;
      const shaped = target.matches("[data-live-shape], [type=radio]");
      for (const part of all("[data-live-part]")) {
        const fresh = page.getElementById(part.id);
        if (fresh && (shaped || !part.contains(target))) part.replaceWith(fresh);
      }
      const again = document.getElementById(target.id);
      if (shaped && again) again.focus();
    });
  }

  // The security check: a proof of work from the first focus on, the sound, and other pictures in place. Where the town
  // wants it quiet, the pictures are for whom the work fails; a form sent before its end leaves with it.
  for (const check of all("[data-check]")) {
    const form = check.closest("form");
    const test = check.querySelector("[data-check-test]");
    if (!form || !test) continue;
    let worker = null, waiting = null;
    const quiet = (yes) => {
      test.hidden = yes;
      check.querySelector("[data-check-silent]").hidden = !yes;
    };
    const silent = check.hasAttribute("data-check-quiet") && window.Worker;
    if (silent) quiet(true);
    const work = () => {
      const box = test.querySelector("[data-work]");
      if (!box || !window.Worker) return;
      if (worker) worker.terminate();
      worker = new Worker(source);
      worker.onmessage = (event) => {
        box.value = event.data;
        worker.terminate();
        if (waiting) form.requestSubmit(waiting);
      };
      if (silent) worker.onerror = () => quiet(waiting = false);
      worker.postMessage(box.dataset.work);
    };
    const change = async (button) => {
      try {
        const body = new URLSearchParams({ controle: test.querySelector("[name=controle]").value });
        const answer = await fetch(check.dataset.check, { method: "POST", body });
        if (!answer.ok) throw new Error("refused");
        test.innerHTML = await answer.text();
        work();
        check.querySelector("[data-check-said]").textContent = "Les images ont changé. " + test.querySelector("legend").textContent.trim() + ".";
        test.querySelector("[data-check-change]").focus();
      } catch {
        form.requestSubmit(button);
      }
    };
    form.addEventListener("focusin", work, { once: true });
    form.addEventListener("submit", (event) => {
      const box = test.querySelector("[data-work]");
      if (!test.hidden || !worker || box.value || !event.submitter || event.submitter.name) return;
      event.preventDefault();
      waiting = event.submitter;
    });
    check.addEventListener("click", (event) => {
      const button = event.target.closest("[data-check-change]");
      if (button) {
        event.preventDefault();
        change(button);
      }
      if (!event.target.closest("[data-check-listen]")) return;
      event.preventDefault();
      const audio = test.querySelector("audio");
      audio.closest("details").open = true;
      audio.play().catch(() => {});
      setTimeout(() => test.querySelector("[name=controle_son]").focus(), 200); // once Enter is up: it would send the form
    });
  }

  // prove finds the number whose SHA-256 after the given text starts with 16 zero bits; texts are under 56 bytes.
  function prove() {
    const root = (p, e) => ((p ** (1 / e) % 1) * 4294967296) | 0;
    const primes = [];
    for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
    const K = primes.map((p) => root(p, 3));
    const H = primes.slice(0, 8).map((p) => root(p, 2));
    const w = new Int32Array(64);
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    const first = (text) => {
      w.fill(0, 0, 16);
      for (let i = 0; i < text.length; i++) w[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
      w[text.length >> 2] |= 128 << (24 - 8 * (text.length & 3));
      w[15] = text.length * 8;
      for (let i = 16; i < 64; i++) {
        const a = w[i - 15];
        const b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
      }
      let [a, b, c, d, e, f, g, h] = H;
      for (let i = 0; i < 64; i++) {
        const t = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const u = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + t) | 0;
        d = c; c = b; b = a; a = (t + u) | 0;
      }
      return (a + H[0]) | 0;
    };
    self.onmessage = (event) => {
      let n = 0;
      while (first(event.data + ":" + n) >>> 16) n++;
      self.postMessage(String(n));
    };
  }

  // What may be typed is suggested by the server while it is; any other text stays good.
  for (const input of all("input[data-suggest]")) {
    const near = document.getElementById("champ-" + input.dataset.suggestWith);
    let timer;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const query = new URLSearchParams({ q: input.value, dep: near ? near.value : "" });
        const answer = await fetch(input.dataset.suggest + "?" + query).catch(() => null);
        if (!answer || !answer.ok) return;
        input.list.replaceChildren(...(await answer.json()).map(([name, place]) => new Option(place, name)));
      }, 200);
    });
  }
})();
