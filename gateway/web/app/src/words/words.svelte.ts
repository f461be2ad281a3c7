// The page's words, in the language that was chosen last, or else the browser's.
import { en, type Words } from "./en";
import { zh } from "./zh";

const kept = "sharpeyes.language";

class Language {
  code = $state<"en" | "zh">((localStorage.getItem(kept) ?? navigator.language).startsWith("zh") ? "zh" : "en");
  zone = $state("Asia/Shanghai");
  w = $derived<Words>(this.code === "zh" ? zh : en);
  locale = $derived(this.code === "zh" ? "zh-CN" : "en-GB");

  #count = $derived(new Intl.NumberFormat(this.locale));
  #percent = $derived(
    new Intl.NumberFormat(this.locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  );
  #time = $derived(
    new Intl.DateTimeFormat(this.locale, {
      timeZone: this.zone,
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    }),
  );
  #clock = $derived(
    new Intl.DateTimeFormat(this.locale, {
      timeZone: this.zone,
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    }),
  );

  change() {
    this.code = this.code === "zh" ? "en" : "zh";
    localStorage.setItem(kept, this.code);
  }

  count = (n: number) => this.#count.format(n);
  // rate rounds down: 100 % means all.
  rate = (r: number | undefined) => (r === undefined ? "–" : this.#percent.format(Math.floor(r * 1000) / 1000));
  time = (t: string | number | Date) => this.#time.format(new Date(t));
  clock = (t: string | number | Date) => this.#clock.format(new Date(t));
}

export const language = new Language();
