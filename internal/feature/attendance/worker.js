// The service worker of tablets: it keeps the empty page, its style and its script, so that a tablet starts without a
// network; the names are kept by the page itself. An answer that the tablet is not paired any more wipes all.
"use strict";
const kept = "tablette";
const shell = "/tablette/hors-ligne";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function wipe() {
  indexedDB.deleteDatabase(kept);
  await caches.delete(kept);
  await self.registration.unregister();
}

// ask is the request itself; of a page it says that the worker asks, which wipes by itself: a browser told to drop all
// that scripts keep, the worker with it, would wait for the worker that waits for the answer.
function ask(request, signal) {
  if (request.method !== "GET") return fetch(request);
  const headers = new Headers(request.headers);
  headers.set("X-Tablette", "worker");
  return fetch(request.url, { headers, signal, credentials: "same-origin", redirect: "manual" });
}

// page asks the network, four seconds at most when nothing is sent, then shows the page kept.
async function page(event, request) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 4000);
  try {
    const answer = await ask(request, stop.signal);
    if (answer.status === 401) event.waitUntil(wipe());
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
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(page(event, request));
  } else if (request.method === "GET" && (url.pathname.startsWith("/static/") || url.pathname.startsWith("/theme"))) {
    event.respondWith(caches.match(request).then((found) => found || fetch(request)));
  }
});
