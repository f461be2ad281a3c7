// The alerts that somebody should look after, kept up to date by events.
import { api, send, take, type Alert } from "../api/client";
import { city } from "../city/city.svelte";
import { chime } from "./chime";

const most = 500;
const weight: Record<string, number> = { critical: 0, warning: 1, info: 2 };
const kept = "sharpeyes.sound";

class Alerts {
  all = $state.raw<Alert[]>([]);
  total = $state(0);
  sound = $state(localStorage.getItem(kept) === "on");
  open = $derived(this.all.filter((a) => a.state !== "closed"));
  urgent = $derived(this.all.filter((a) => a.state === "open").length);

  #timer = 0;

  live(): () => void {
    this.load().catch(() => {});
    const stop = city.onEvent((e) => {
      if (!e.type.startsWith("sharpeyes.alert.")) return;
      if (e.type === "sharpeyes.alert.raised" && this.sound) chime(e.data.severity === "critical");
      this.#soon();
    });
    const now = setInterval(() => this.#soon(), 30_000);
    return () => {
      stop();
      clearInterval(now);
      clearTimeout(this.#timer);
    };
  }

  // soon lets a burst be one question.
  #soon() {
    if (this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.load().catch(() => {});
    }, 400);
  }

  async load() {
    const page = await take(
      api.GET("/api/v1/alerts", { params: { query: { state: "open,acknowledged", limit: String(most) } } }),
    );
    this.total = page.total;
    this.all = (page.items ?? []).sort(
      (a, b) =>
        Number(a.state !== "open") - Number(b.state !== "open") ||
        weight[a.severity] - weight[b.severity] ||
        b.raised.localeCompare(a.raised),
    );
  }

  async act(id: string, what: "ack" | "close" | "snooze", comment: string, until?: string) {
    await send("POST", `/alerts/${id}:${what}`, JSON.stringify({ comment, ...(until ? { until } : {}) }));
    await this.load();
  }

  toggleSound() {
    this.sound = !this.sound;
    localStorage.setItem(kept, this.sound ? "on" : "off");
    if (this.sound) chime(false); // which also lets the browser play later
  }
}

export const alerts = new Alerts();
