// The tablet of a room. Pages work without this script, as forms; with it a list that was loaded once in the day goes on
// without a network: what is tapped is kept here, sent when it can be, and drawn at once.
(() => {
  "use strict";
  const root = document.getElementById("tablette");
  if (!root || !window.indexedDB || !window.crypto.randomUUID) return;
  const base = "/tablette";
  const name = "tablette";

  // --- what is kept: the day under "day" in « kept », what was tapped in « marks » by id.
  const ask = (request) => new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
  let store = null;
  const open = async () => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("kept");
      request.result.createObjectStore("marks", { keyPath: "id" });
    };
    store = await ask(request);
    store.onversionchange = () => { store.close(); store = null; };
  };
  const put = (table, value, key) => ask(store.transaction(table, "readwrite").objectStore(table).put(value, key));
  const drop = (table, key) => ask(store.transaction(table, "readwrite").objectStore(table).delete(key));
  const wipe = async () => {
    if (store) store.close();
    store = null;
    await caches.delete(name).catch(() => false);
    indexedDB.deleteDatabase(name);
  };
  if (root.dataset.free === "true") {
    wipe();
    return;
  }

  let day = null; // as the server said it, with the moment « loaded » and the lead « ahead » of its clock over ours
  let marks = new Map(); // tapped here: {id, c, u, d, k, t, at, s, sent}, and « no », why the server did not take it
  let ended = "", reach = 0; // the day whose list has gone; how far somebody’s opening of it makes it last
  const lasts = 7200000;
  let view = "attendus", query = "", adding = false, last = null, said = "", offline = false, chosen = null;
  const groupOf = () => decodeURIComponent((location.pathname.match(/^\/tablette\/groupes\/([^/]+)$/) || [])[1] || "");
  const sheet = !groupOf() && location.pathname !== base && location.pathname !== base + "/hors-ligne"; // drawn by the server alone
  const closed = document.getElementById("fiche-fermee"); // on the page kept, shown without a network
  if (sheet && closed) closed.hidden = false;
  const now = () => Date.now() + (day ? day.ahead : 0);
  const dateOf = (ms) => new Intl.DateTimeFormat("en-CA", { timeZone: day ? day.zone : undefined }).format(ms);
  const clock = (ms) => new Intl.DateTimeFormat("fr-FR", { timeZone: day.zone, hour: "numeric", minute: "2-digit" }).format(ms).replace(":", "\u202fh\u202f");
  const many = (n, one) => n + "\u00a0" + one + (n > 1 ? "s" : "");
  const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  // --- what marks come to, as the server works it out.
  const stateOf = (child, unit) => {
    const all = new Map();
    for (const m of day.marks) if (m.c === child && m.u === unit) all.set(m.id, m);
    for (const m of marks.values()) if (!m.no && m.c === child && m.u === unit && m.d === day.day && !all.has(m.id)) all.set(m.id, m);
    const gone = new Set();
    for (const m of all.values()) if (m.k === "undo" && (m.a || !(all.get(m.t) || {}).a)) gone.add(m.t);
    const left = [...all.values()].filter((m) => m.k !== "undo" && !gone.has(m.id)).sort((x, y) => x.s - y.s || (x.id < y.id ? -1 : 1));
    const f = { state: "", came: 0, left: 0, last: "", odd: false };
    const fixed = left.map((m) => Boolean(m.a)).lastIndexOf(true); // an agent’s correction stays, whatever is tapped afterwards
    for (const [i, m] of left.entries()) {
      f.last = m.a ? "" : m.id;
      if (fixed >= 0 && i > fixed && (m.k === "absent") !== (left[fixed].k === "absent")) {
        f.odd = true;
        continue;
      }
      if (m.k === "absent") Object.assign(f, { state: "absent", came: 0, left: 0 });
      else if (m.k === "left") Object.assign(f, { state: "present", left: m.at });
      else Object.assign(f, { state: "present", came: m.at, left: 0 });
    }
    return f;
  };
  const tabOf = (kid) => {
    const state = kid.now.state || kid.b;
    if (state === "present") return kid.now.left ? "partis" : "presents";
    return state || kid.z ? "absents" : "attendus"; // « z »: what it was booked for is closed
  };
  // kidsOf are the children of a list: those that the server named, and those who were added here.
  const kidsOf = (group) => {
    const kids = group.kids.map((kid) => ({ ...kid, now: stateOf(kid.c, group.unit) }));
    const known = new Set(day.groups.filter((g) => g.unit === group.unit).flatMap((g) => g.kids.map((kid) => kid.c)));
    for (const m of marks.values()) {
      if (m.no || m.k !== "unexpected" || m.u !== group.unit || m.g !== group.id || m.d !== day.day || known.has(m.c)) continue;
      known.add(m.c);
      const kid = day.pool.find((p) => p.c === m.c);
      if (kid) kids.push({ ...kid, n: "Non réservé", x: true, now: stateOf(m.c, group.unit) });
    }
    return kids.filter((kid) => !kid.x || kid.now.state || kid.b)
      .sort((x, y) => fold(x.f).localeCompare(fold(y.f)) || fold(x.l).localeCompare(fold(y.l)) || (x.c < y.c ? -1 : 1));
  };

  // --- saying something.
  const say = async (kids, kind, words, at) => {
    const group = day.groups.find((g) => g.id === groupOf());
    const made = kids.map((kid) => ({ id: crypto.randomUUID(), c: kid.c, u: group.unit, g: group.id, d: day.day, k: kind,
      t: kind === "undo" ? kid.now.last : "", at: at || now(), s: now(), sent: false }));
    const table = store.transaction("marks", "readwrite").objectStore("marks");
    for (const m of made) {
      marks.set(m.id, m);
      table.put(m);
    }
    await new Promise((done, fail) => { table.transaction.oncomplete = done; table.transaction.onerror = fail; });
    last = kind === "undo" ? null : { words, made };
    said = words;
    draw();
    sync(false);
  };
  const undoLast = async () => {
    const { made, words } = last;
    await say(made.map((m) => ({ c: m.c, now: { last: m.id } })), "undo", "Annulé : " + words);
  };

  // --- sending and reading again.
  let busy = false, again = false;
  const waiting = () => [...marks.values()].filter((m) => !m.sent && !m.no);
  const refused = () => [...marks.values()].filter((m) => m.no);
  const sync = async (force) => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await send();
      if (ended && ended !== dateOf(now())) ended = "";
      if (!ended && (force || !day || day.day !== dateOf(now()) || now() - day.loaded > 45000)) await read();
      offline = false;
    } catch {
      offline = true;
    }
    busy = false;
    draw();
    if (again) {
      again = false;
      sync(false);
    }
  };
  const checked = async (answer) => {
    if (answer.status === 401 || answer.status === 410) {
      await Promise.race([wipe(), new Promise((done) => setTimeout(done, 1000))]);
      location.replace(base);
    }
    if (!answer.ok) throw new Error("refused");
    return answer.json();
  };
  const send = async () => {
    const all = waiting();
    for (let i = 0; i < all.length; i += 500) {
      const part = all.slice(i, i + 500);
      const body = new URLSearchParams({ pointages: JSON.stringify(part.map(({ id, c, u, d, k, t, at, s }) => ({ id, c, u, d, k, t, at, s }))) });
      const done = await checked(await fetch(base + "/pointages", { method: "POST", body }));
      for (const id of done.taken) {
        const m = marks.get(id);
        if (!m) continue;
        m.sent = true;
        await put("marks", m);
      }
      for (const [id, why] of Object.entries(done.refused)) {
        const m = marks.get(id);
        if (!m) continue;
        m.no = why;
        if (last && last.made.includes(m)) last = null;
        await put("marks", m);
        said = "Un pointage n’a pas été pris : " + why;
      }
    }
  };
  const read = async () => {
    const fresh = await checked(await fetch(base + "/jour"));
    fresh.ahead = fresh.now - Date.now();
    fresh.loaded = fresh.now;
    fresh.until = Math.max(fresh.end, reach);
    day = fresh;
    await put("kept", day, "day");
    const known = new Set(day.marks.map((m) => m.id));
    for (const m of [...marks.values()]) {
      if (!m.sent || m.d === day.day && !known.has(m.id)) continue;
      marks.delete(m.id);
      await drop("marks", m.id);
    }
  };
  // A day that is over leaves no name behind: at midnight, or two hours after the last activity when nobody opened the list
  // since. What was tapped and not sent stays, without names, until it is.
  const endOfDay = async (onScreen) => {
    if (!day || day.day === dateOf(now()) && now() < day.until) return;
    ended = day.day === dateOf(now()) ? day.day : "";
    day = last = chosen = null;
    said = live.textContent = "";
    if (onScreen) {
      area.replaceChildren();
      root.replaceChildren(live, area);
      document.title = "Pointage";
      if (title) title.textContent = "Pointage";
    }
    await drop("kept", "day");
    if (onScreen && sheet) location.replace(base);
    if (ended) draw();
  };
  const reopen = () => {
    ended = "";
    reach = now() + lasts;
    return sync(true);
  };

  // --- drawing.
  const el = (tag, attrs, ...inside) => {
    const e = document.createElement(tag);
    for (const [key, value] of Object.entries(attrs || {})) {
      if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
      else if (value !== false && value !== undefined) e.setAttribute(key, value === true ? "" : value);
    }
    e.append(...inside.filter((x) => x !== null && x !== undefined && x !== ""));
    return e;
  };
  const button = (words, key, onclick, className, hidden) =>
    el("button", { type: "button", class: className || false, "data-key": key, onclick }, words, hidden ? el("span", { class: "sr" }, ", " + hidden) : "");
  const unsent = (n) => n === 0 ? "Tout est envoyé." : n === 1 ? "1 pointage en attente d’envoi." : n + " pointages en attente d’envoi.";
  const banner = () => {
    const n = waiting().length;
    return el("div", { class: "t-banner" + (offline || n ? " t-off" : ""), "data-waiting": String(n), "data-offline": String(offline) },
      el("p", {}, offline ? el("strong", {}, "Hors connexion. ") : "", unsent(n) + " Liste de " + clock(day.loaded) + "."),
      offline || n ? button("Envoyer maintenant", "send", () => sync(true)) : "");
  };
  // conflicts are the marks that the server did not take, and why; each stays until somebody has read it.
  const verbs = { present: "présent", unexpected: "présent, imprévu", absent: "absent", left: "parti", undo: "pointage annulé" };
  const nameOf = (id) => {
    const kid = day ? day.groups.flatMap((g) => g.kids).concat(day.pool).find((x) => x.c === id) : null;
    return kid ? kid.f + " " + kid.l : "Un enfant";
  };
  const conflicts = () => {
    const all = refused();
    if (!all.length) return "";
    return el("section", { class: "t-banner t-off t-no", "data-refused": String(all.length) }, el("h2", {}, "Conflits : " + (all.length > 1 ? all.length + " pointages n’ont pas été pris" : "un pointage n’a pas été pris")),
      el("ul", {}, ...all.map((m) => el("li", {}, nameOf(m.c) + ", " + verbs[m.k] + ", le " + m.d.split("-").reverse().join("/") + (day ? " à " + clock(m.at) : "") + ". " + m.no))),
      button("J’ai lu", "lu", async () => { for (const m of all) { marks.delete(m.id); await drop("marks", m.id); } draw(); }));
  };
  const toGroup = (id) => base + "/groupes/" + encodeURIComponent(id);
  const groups = () => [
    el("p", { class: "lead" }, day.name + ", " + day.site + ", " + day.long), banner(), conflicts(),
    el("ul", { class: "t-groups", role: "list" }, ...day.groups.map((g) => {
      const kids = kidsOf(g);
      const count = (t) => kids.filter((kid) => tabOf(kid) === t).length;
      return el("li", {}, el("a", { href: toGroup(g.id) }, el("strong", {}, g.title),
        el("span", {}, count("attendus") + " à pointer, " + many(count("presents"), "présent") + ", " + many(count("absents"), "absent"))));
    })),
  ];
  const word = (t, n) => n > 1 ? labels[t] : labels[t].slice(0, -1); // « 1 Présent »
  const labels = { attendus: "Attendus", presents: "Présents", partis: "Partis", absents: "Absents" };
  const rowOf = (kid) => {
    const full = kid.f + " " + kid.l;
    const t = tabOf(kid);
    const shut = kid.z && !kid.now.state && !kid.b;
    const act = (words, kind, told, main) => button(words, kid.c + kind, () => say([kid], kind, kid.f + " : " + told), main ? "t-main" : "", full);
    const state = { presents: "Présent " + (kid.now.came ? clock(kid.now.came) : ""), partis: "Parti à " + clock(kid.now.left || 0), absents: shut ? "Fermé" : "Absent" }[t];
    const time = () => {
      const input = el("input", { type: "time", "data-key": kid.c + "heure" });
      const save = () => {
        const [h, m] = input.value.split(":").map(Number);
        const [hn, mn] = new Intl.DateTimeFormat("en-GB", { timeZone: day.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(now()).split(":").map(Number);
        const at = now() - ((hn - h) * 60 + mn - m) * 60000;
        if (!input.value || at > now() + 60000) {
          said = "Écrivez une heure déjà venue.";
          draw();
          return;
        }
        const kind = t === "partis" ? "left" : "present";
        say([kid], kind, kid.f + " : " + (kind === "left" ? "parti à " : "présent à ") + clock(at), at);
      };
      return el("details", { class: "t-time" }, el("summary", {}, "Autre heure", el("span", { class: "sr" }, " pour " + full)),
        el("label", {}, "Heure ", input), button("Enregistrer", kid.c + "save", save, "", full));
    };
    const box = chosen && t === "attendus" ? el("label", { class: "t-pick" }, el("input", { type: "checkbox", "data-key": kid.c + "pick", checked: chosen.has(kid.c),
      onchange: (event) => { event.target.checked ? chosen.add(kid.c) : chosen.delete(kid.c); draw(); } }), el("span", { class: "sr" }, "Choisir " + full)) : "";
    const href = base + "/enfants/" + kid.c;
    const note = kid.now.odd ? "Corrigé par un agent, et c’est ce qui reste. Votre pointage est transmis au service" : kid.n;
    return el("li", { class: "t-row t-" + t, "data-child": kid.c, "data-last": kid.now.last }, box,
      el("div", { class: "t-who" }, el("p", {}, el("strong", {}, kid.f), " " + kid.l),
        el("div", { class: "t-more" }, el("p", kid.w ? { class: "t-warn" } : {}, kid.w ? el("span", { class: "t-sign", "aria-hidden": "true" }, "!") : "",
          el("a", { href }, (kid.w ? kid.w + ", voir la fiche" : "Fiche"), el("span", { class: "sr" }, " de " + full))), t !== "absents" ? time() : ""),
        note ? el("p", { class: "muted" }, note) : ""),
      el("div", { class: "t-acts" }, t === "attendus" ? "" : el("p", { class: "t-said" }, state),
        t === "attendus" ? act("Marquer présent", "present", "présent à " + clock(now()), true) : "",
        t === "attendus" ? act("Absent", "absent", "absent") : "",
        t === "presents" ? act("Parti", "left", "parti à " + clock(now()), true) : "",
        t === "absents" && !shut ? act("Marquer présent", "present", "présent à " + clock(now()), true) : "",
        kid.now.last ? act("Annuler", "undo", "pointage annulé") : ""));
  };
  const search = (label, key) => el("label", { class: "t-search" }, label + " ", el("input", { type: "search", "data-key": key, value: query, autocomplete: "off",
    oninput: (event) => { query = event.target.value; draw(); } }));
  const found = (kid) => fold(query).split(/\s+/).every((word) => fold(kid.f + " " + kid.l).includes(word));
  const pool = (group, kids) => {
    const listed = new Set(kids.map((kid) => kid.c));
    const all = query.trim() ? day.pool.filter((kid) => !listed.has(kid.c) && found(kid)).slice(0, 30) : [];
    const same = query.trim() ? kids.filter(found) : [];
    return [el("h2", {}, "Enfant imprévu"), search("Prénom ou nom", "cherche"),
      ...same.map((kid) => el("p", {}, kid.f + " " + kid.l + " est déjà sur la liste, sous « " + labels[tabOf(kid)] + " ».")),
      query.trim() && !all.length && !same.length ? el("p", {}, "Aucun enfant de ce lieu ne porte ce nom. S’il est d’un autre lieu ou inconnu, gardez-le avec vous et appelez le service : lui seul peut retrouver sa famille.") : "",
      el("ul", { class: "t-rows", role: "list" }, ...all.map((kid) => el("li", { class: "t-row" },
        el("div", { class: "t-who" }, el("p", {}, el("strong", {}, kid.f), " " + kid.l), kid.k ? el("p", { class: "muted" }, kid.k) : ""),
        el("div", { class: "t-acts" }, button("Ajouter, présent", kid.c + "add", () => {
          adding = false;
          query = "";
          view = "presents";
          say([{ ...kid, now: {} }], "unexpected", kid.f + " : présent, non réservé");
        }, "t-main", kid.f + " " + kid.l))))),
      el("p", {}, button("Revenir à la liste", "retour", () => { adding = false; query = ""; draw(); }))];
  };
  const list = (group) => {
    const kids = kidsOf(group);
    if (adding) return [banner(), ...pool(group, kids)];
    const shown = kids.filter((kid) => tabOf(kid) === view && found(kid));
    const rest = kids.filter((kid) => tabOf(kid) === "attendus");
    const tab = (t) => el("button", { type: "button", "data-key": "tab-" + t, "aria-pressed": String(t === view), onclick: () => { view = t; chosen = null; draw(); } },
      el("strong", {}, String(kids.filter((kid) => tabOf(kid) === t).length)), " " + word(t, kids.filter((kid) => tabOf(kid) === t).length));
    const several = (words, kind, told) => button(words, "plusieurs-" + kind, () => {
      const some = rest.filter((kid) => chosen.has(kid.c));
      chosen = null;
      say(some, kind, many(some.length, "enfant") + " : " + told + (some.length > 1 ? "s" : ""));
    }, "t-main");
    return [
      el("p", { class: "lead" }, day.site + ", " + day.long),
      el("div", { class: "t-tabs", role: "group", "aria-label": "Listes" }, ...Object.keys(labels).map(tab)), banner(), conflicts(),
      el("div", { class: "t-tools" }, search("Chercher un enfant", "filtre"), button("Enfant imprévu", "imprevu", () => { adding = true; query = ""; draw(); focus("cherche"); }),
        el("a", { class: "button", href: base }, "Autres listes")),
      shown.length ? el("ul", { class: "t-rows", role: "list" }, ...shown.map(rowOf)) : el("p", { class: "muted" }, "Personne ici."),
      el("div", { class: "t-bar" },
        view === "attendus" && rest.length && !chosen ? button("Tous présents (" + many(rest.length, "restant") + ")", "tous", () => say(rest, "present", many(rest.length, "enfant") + " : présent" + (rest.length > 1 ? "s" : "")), "t-main") : "",
        view === "attendus" && rest.length && !chosen ? button("Choisir plusieurs", "plusieurs", () => { chosen = new Set(); draw(); }) : "",
        chosen && chosen.size ? several("Présents (" + chosen.size + ")", "present", "présent") : "",
        chosen && chosen.size ? several("Absents (" + chosen.size + ")", "absent", "absent") : "",
        chosen ? button("Ne rien choisir", "aucun", () => { chosen = null; draw(); }) : "",
        last ? button("Annuler : " + last.words, "annuler", undoLast) : ""),
    ];
  };
  const focus = (key) => {
    const e = [...root.querySelectorAll("[data-key]")].find((x) => x.dataset.key === key);
    if (e) e.focus();
    return Boolean(e);
  };
  const live = el("p", { class: "sr", role: "status" });
  const area = el("div");
  const title = document.querySelector("h1");
  let shown = "", pressed = false, late = false; // what is under a finger is not drawn anew before the finger is up
  const draw = () => {
    if (sheet || !store) return;
    if (pressed) {
      late = true;
      return;
    }
    if (!day) {
      shown = "";
      if (ended) area.replaceChildren(el("p", {}, "La journée est finie ici : les noms sont effacés de cette tablette."),
        waiting().length ? el("p", {}, unsent(waiting().length)) : "", conflicts(), button("Afficher la liste", "reopen", reopen));
      else if (offline) area.replaceChildren(el("p", {}, "Aucune liste d’aujourd’hui n’est gardée ici. Retrouvez le réseau : la liste se charge seule."),
        waiting().length ? el("p", {}, unsent(waiting().length)) : "", conflicts(), button("Essayer maintenant", "send", () => sync(true)));
      else return;
    } else {
      const active = document.activeElement && document.activeElement.dataset ? document.activeElement : null;
      const opened = [...area.querySelectorAll("details[open]")].map((d) => d.closest("[data-child]").dataset.child);
      const typing = active && active.type === "time";
      if (typing && area.contains(active)) return; // an hour is being typed: drawn again once it is
      const key = active && area.contains(active) ? active.dataset.key : "";
      const at = active && active.type === "search" ? active.selectionStart : 0;
      const group = day.groups.find((g) => g.id === groupOf());
      const fresh = el("div", {}, ...(group ? list(group) : groups()));
      if (fresh.innerHTML === shown) return told();
      shown = fresh.innerHTML;
      area.replaceChildren(...fresh.childNodes);
      if (title) title.textContent = group ? group.title : "Pointage, " + day.site;
      for (const child of opened) {
        const row = area.querySelector('[data-child="' + child + '"] details');
        if (row && !said) row.open = true;
      }
      if (key && focus(key) && document.activeElement.type === "search") document.activeElement.setSelectionRange(at, at);
    }
    told();
  };
  const told = () => {
    if (!area.isConnected) root.replaceChildren(live, area);
    root.dataset.ready = "true";
    if (said) live.textContent = said;
    said = "";
  };
  root.addEventListener("pointerdown", () => { pressed = true; });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => setTimeout(() => {
      pressed = false;
      if (late) {
        late = false;
        draw();
      }
    }, 0));
  }

  // keep holds the empty page and what it is made of, for a start without a network.
  const keep = async () => {
    const made = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon]")].map((e) => e.href).concat([...document.scripts].map((e) => e.src));
    const cache = await caches.open(name);
    await cache.add(base + "/hors-ligne");
    for (const url of new Set(made)) if (!(await cache.match(url))) await cache.add(url);
    root.dataset.kept = "true";
  };
  const start = async () => {
    await open();
    day = (await ask(store.transaction("kept").objectStore("kept").get("day"))) || null;
    for (const m of await ask(store.transaction("marks").objectStore("marks").getAll())) marks.set(m.id, m);
    await endOfDay(false);
    draw();
    await reopen();
    if (navigator.serviceWorker) {
      await navigator.serviceWorker.register(base + "/worker.js", { scope: base });
      await navigator.serviceWorker.ready;
      if (!offline) await keep();
    }
  };
  addEventListener("online", () => sync(true));
  addEventListener("offline", () => { offline = true; draw(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && store) endOfDay(true).then(() => sync(true)); });
  setInterval(() => { if (store) endOfDay(true).then(() => sync(false)); }, 15000);
  start().catch(() => {}); // without a store or a worker, the page stays what the server sent
})();
