// The API, typed by its own document.
import createClient from "openapi-fetch";
import type { components as apiComponents, paths } from "./schema";
import type { components as eventComponents } from "./events";

type Schemas = apiComponents["schemas"];
export type Channel = Schemas["View"];
export type Alert = Schemas["Alert"];
export type Rule = Schemas["Rule"];
export type Session = Schemas["Session"];
export type PageSettings = Schemas["PageSettings"];
export type User = Schemas["User"];
export type Problem = Schemas["Problem"];
export type StateSpan = Schemas["StateSpan"];
export type CityEvent = eventComponents["schemas"]["CityEvent"];

export const prefix = "/api/v1";

// signedOut is told when an answer says that nobody is signed in any more.
let signedOut: () => void = () => {};
export function onSignedOut(f: () => void) {
  signedOut = f;
}

/** Asks whether anybody is signed in yet: a page isn't told why its WebSocket was refused. */
export async function checkSignedIn() {
  try {
    if ((await fetch(`${prefix}/session`)).status === 401) signedOut();
  } catch {
    // The gateway is away, which is another matter.
  }
}

export const api = createClient<paths>({ baseUrl: location.origin });
api.use({
  onResponse({ response }) {
    // Who begins is asked by the session itself.
    if (response.status === 401 && !/\/(session|page)$/.test(response.url)) signedOut();
  },
});

/** An answer that is a problem, in the API's own words. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? `${status}`);
  }
}

/** The data of an answer; a ProblemError otherwise. */
export async function take<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new ProblemError(response.status, (error ?? {}) as Partial<Problem>);
  return data as T;
}

/** A request whose body or answer the document has no type for. */
export async function send(method: string, path: string, body?: BodyInit, type = "application/json") {
  const response = await fetch(prefix + path, { method, body, headers: body === undefined ? {} : { "Content-Type": type } });
  if (response.status === 401) signedOut();
  const text = await response.text();
  const json = text && /json/.test(response.headers.get("Content-Type") ?? "") ? JSON.parse(text) : text;
  if (!response.ok) throw new ProblemError(response.status, typeof json === "object" ? json : { detail: text });
  return json;
}

/** What went wrong, as a sentence. */
export function sentence(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}
