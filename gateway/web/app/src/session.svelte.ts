// Who is signed in, and what they may do.
import { api, onSignedOut, send, take, type PageSettings, type Session } from "./api/client";
import { language } from "./words/words.svelte";

class Signed {
  known = $state(false);
  now = $state.raw<Session | null>(null);
  settings = $state.raw<PageSettings | null>(null);

  constructor() {
    onSignedOut(() => (this.now = null));
  }

  /** Asks who one is; nobody is no error. */
  async ask() {
    const [who, page] = await Promise.all([api.GET("/api/v1/session"), api.GET("/api/v1/page")]);
    if (page.response.ok) this.settings = page.data!;
    await this.#enter(who.response.ok ? who.data! : null);
  }

  async signIn(name: string, password: string) {
    await this.#enter(await send("POST", "/session", JSON.stringify({ name, password })));
  }

  async signOut() {
    await send("DELETE", "/session");
    location.reload(); // nothing of the city stays in the page
  }

  async #enter(s: Session | null) {
    if (s) {
      this.settings ??= await take(api.GET("/api/v1/page"));
      language.zone = this.settings.zone;
    }
    this.now = s;
    this.known = true;
  }

  may(action: string): boolean {
    return (this.now?.grants[action]?.length ?? 0) > 0;
  }

  /** Whether it may be done in the whole city. */
  mayAll(action: string): boolean {
    return this.now?.grants[action]?.includes("") ?? false;
  }
}

export const session = new Signed();
