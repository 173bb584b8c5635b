// The service worker of tablets: it keeps the empty page, its style and its script, so that a tablet starts without a
// network; the names are kept by the page itself. An answer that the tablet is not paired any more wipes all.
"use strict";
const kept = "tablette";
const shell = "/tablette/hors-ligne";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function wipe() {
  await caches.delete(kept);
  indexedDB.deleteDatabase(kept);
}

// page asks the network, four seconds at most, then shows the page kept.
async function page(request) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 4000);
  try {
    const answer = await fetch(request, { signal: stop.signal });
    if (answer.status === 401) await wipe();
    return answer;
  } catch (error) {
    const empty = await caches.match(shell);
    if (empty) return empty;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(page(request));
  } else if (url.pathname.startsWith("/static/") || url.pathname.startsWith("/theme")) {
    event.respondWith(caches.match(request).then((found) => found || fetch(request)));
  }
});
