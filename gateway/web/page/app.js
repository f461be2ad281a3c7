// The page: it asks the API every two seconds and shows what it says. All that comes from the
// registry is set as text, never as HTML.
import { play } from "./player.js";
import { locale, words } from "./words.js";

const states = ["online", "degraded", "offline", "unknown", "disabled"];
const every = 2000; // ms
const patience = 8000; // ms, for one answer
const shown = 50; // channels in the list

const $ = (id) => document.getElementById(id);
const count = new Intl.NumberFormat(locale);
const percent = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function make(tag, className, ...children) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  e.append(...children);
  return e;
}

// say sets a text only when it is another, so that nothing that is selected is lost.
function say(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

// rate rounds down: 100 % means all.
function rate(tally) {
  if (tally.total === tally.disabled) return "–";
  return percent.format(Math.floor(tally.online_rate * 1000) / 1000);
}

async function ask(path, signal) {
  const answer = await fetch("/api/v1" + path, { signal, headers: { Accept: "application/json" } });
  if (!answer.ok) throw Object.assign(new Error(answer.statusText), { status: answer.status });
  return answer.json();
}

// keyed makes parent's children be one for each item, in order, and keeps those that are there.
function keyed(parent, items, key, create, update) {
  const have = new Map([...parent.children].map((e) => [e.dataset.key, e]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const k = key(item);
    let e = have.get(k);
    if (e) {
      have.delete(k);
    } else {
      e = create(item);
      e.dataset.key = k;
    }
    update(e, item);
    if (e === place) place = place.nextElementSibling;
    else parent.insertBefore(e, place);
  }
  for (const e of have.values()) e.remove();
}

function drawTotal(total) {
  const tiles = [{ key: "total" }, ...states.map((key) => ({ key }))];
  keyed($("total"), tiles, (t) => t.key, (t) => {
    const label = make("span", "", words[t.key]);
    if (t.key !== "total") label.prepend(make("i", "mark " + t.key));
    return make("div", "tile " + (t.key === "total" ? "first" : t.key), make("b"), label);
  }, (e, t) => {
    const b = e.firstElementChild;
    say(b, count.format(total[t.key]));
    b.style.setProperty("--length", b.textContent.length);
    b.className = total[t.key] > 0 ? "some" : "";
    if (t.key === "total") say(e.lastElementChild, `${words.total} · ${words.rate} ${rate(total)}`);
  });
}

function drawBars(parent, rows) {
  keyed(parent, rows, (r) => r.key, () => {
    const stack = make("div", "stack", ...states.map((s) => make("i", s)));
    stack.setAttribute("aria-hidden", "true");
    const counts = make("div", "counts", ...["total", ...states].map((s) => make("span")));
    return make("div", "bar", make("div", "head", make("span", "name"), make("span", "rate")), stack, counts);
  }, (e, r) => {
    const [head, stack, counts] = e.children;
    say(head.children[0], r.name);
    say(head.children[1], rate(r));
    states.forEach((s, i) => {
      stack.children[i].style.flexGrow = r[s];
      stack.children[i].hidden = r[s] === 0;
    });
    ["total", ...states].forEach((s, i) => {
      counts.children[i].hidden = s !== "total" && r[s] === 0;
      say(counts.children[i], `${count.format(r[s])} ${words[s]}`);
    });
  });
}

// districts are the sites of two tokens, city/district, or of one where there are no others.
function districts(sites) {
  const depth = sites.some((s) => s.path.includes("/")) ? 2 : 1;
  return sites.filter((s) => s.path.split("/").length === depth && s.total > 0)
    .map((s) => ({ ...s, key: s.path, name: s.name || s.path }));
}

function drawList(page) {
  keyed($("list"), page.items, (c) => c.id, (c) => {
    const url = make("code", "", c.rtsp_url);
    const copy = make("button", "", words.copy);
    copy.type = "button";
    copy.addEventListener("click", () => copyText(url, copy));
    const name = make("button", "name");
    name.type = "button";
    const li = make("li", "", make("span", "state", make("i", "mark"), make("span")), make("div", "what", name, make("small")), url, copy);
    name.addEventListener("click", () => watch(li.channel));
    return li;
  }, (e, c) => {
    const [state, what, url] = e.children;
    e.channel = c;
    const known = states.includes(c.status.state) ? c.status.state : "unknown";
    state.children[0].className = "mark " + known;
    say(state.children[1], words[known]);
    state.title = [c.status.reason, c.status.detail].filter(Boolean).join(" · ");
    say(what.children[0], c.name);
    what.children[0].title = words.watch(c.name);
    say(what.children[1], `${c.id} · ${c.site}`);
    say(url, c.rtsp_url);
  });
  say($("found"), page.total === 0 && !$("q").value && !wanted ? words.none : words.found(count.format(page.items.length), count.format(page.total), page.total > page.items.length));
}

async function copyText(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent); // there only on loopback or with TLS
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = words.copy; }, 1500);
  } catch {
    getSelection().selectAllChildren(code);
  }
}

let leave = () => {}; // ends the picture that is shown

// watch shows a channel: its sub stream first, where there is one, since it costs the camera, the
// network and the browser less.
function watch(c, profile = c.rtsp_sub_url ? "sub" : "main") {
  leave();
  say($("watched"), c.name);
  $("profiles").replaceChildren(...(c.rtsp_sub_url ? ["sub", "main"] : []).map((p) => {
    const b = make("button", "", words[p]);
    b.type = "button";
    b.setAttribute("aria-pressed", String(p === profile));
    b.addEventListener("click", () => watch(c, p));
    return b;
  }));
  leave = play($("picture"), c.id, profile, words.player, (text) => say($("told"), text));
  if (!$("watch").open) $("watch").showModal();
}

let wanted = ""; // the state that the list is restricted to
let asking = null; // ends the questions under way
let timer = 0;
let last = null; // when everything was answered last

function pulse(text, bad) {
  say($("pulse"), text);
  $("pulse").classList.toggle("bad", bad);
  document.body.classList.toggle("stale", bad);
}

async function refresh() {
  clearTimeout(timer);
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  const signal = AbortSignal.any([mine.signal, AbortSignal.timeout(patience)]);
  const query = new URLSearchParams({ limit: shown, q: $("q").value.trim(), state: wanted });
  try {
    const [stats, sites, page] = await Promise.all([
      ask("/stats?by=class", signal), ask("/sites?depth=2", signal), ask("/channels?" + query, signal),
    ]);
    drawTotal(stats.total);
    drawBars($("by-class"), stats.groups.map((g) => ({ ...g, key: String(g.class), name: words["class" + g.class] ?? String(g.class) })));
    drawBars($("by-district"), districts(sites.items));
    drawList(page);
    last = new Date();
    pulse(words.updated(clock.format(last)), false);
  } catch (e) {
    if (mine.signal.aborted) return; // a newer question took over
    if (e.status === 401) {
      pulse(words.signIn, true);
      return; // asking again would make the browser ask for the password again
    }
    pulse(last ? words.lost(clock.format(last)) : words.never, true);
  }
  timer = setTimeout(refresh, document.hidden ? 10 * every : every);
}

function start() {
  document.documentElement.lang = locale;
  document.title = words.title;
  say(document.querySelector("h1"), words.title);
  for (const e of document.querySelectorAll("[data-label]")) say(e, words[e.dataset.label]);
  $("q").placeholder = words.search;
  $("q").setAttribute("aria-label", words.search);
  for (const s of states) {
    const b = make("button", s, make("i", "mark " + s), words[s]);
    b.type = "button";
    b.setAttribute("aria-pressed", "false");
    b.addEventListener("click", () => {
      wanted = wanted === s ? "" : s;
      for (const other of $("states").children) other.setAttribute("aria-pressed", String(other === b && wanted === s));
      refresh();
    });
    $("states").append(b);
  }
  let typing = 0;
  $("q").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(refresh, 200);
  });
  $("search").addEventListener("submit", (e) => {
    e.preventDefault();
    refresh();
  });
  $("leave").addEventListener("click", () => $("watch").close());
  $("watch").addEventListener("close", () => { if (!$("watch").open) leave(); }); // it comes late: another may be shown by now
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !$("pulse").classList.contains("bad")) refresh();
  });
  refresh();
}

start();
