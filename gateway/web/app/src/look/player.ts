// A live picture in a <video>: the gateway's WebSocket into a buffer of the browser, which is kept
// short, and followed at its end.
import { prefix } from "../api/client";
import type { Words } from "../words/en";

const behind = 1; // s that the picture may be behind the newest one
const slack = 0.15; // s that it is put before the end then, so that it doesn't stop at once
const hurry = [0.2, 0.5]; // s behind: up to the first it is shown at its own pace, from the second on faster
const faster = 1.1;
const past = 10; // s of what was shown are kept
const waiting = 16 << 20; // bytes that may wait for the browser's buffer
const longest = 8000; // ms between two attempts
const final = [400, 401, 403, 404, 409, 415]; // these don't pass by themselves

type SourceClass = typeof MediaSource;
const Source = ((self as unknown as { ManagedMediaSource?: SourceClass }).ManagedMediaSource ?? self.MediaSource) as
  SourceClass | undefined;

export interface Told {
  /** Something is to be said; "" when there is a picture. */
  told: (text: string) => void;
  /** The first picture is there, so many ms after it was asked for. */
  shown?: (ms: number) => void;
}

// why asks for the reason: a page isn't told why its WebSocket was refused, but who asks without
// one is.
async function why(path: string, signal: AbortSignal): Promise<{ text?: string; end?: boolean }> {
  try {
    const answer = await fetch(path, { signal, headers: { Accept: "application/json" } });
    if (answer.status === 426) return {}; // by now there is none
    const problem = await answer.json();
    return { text: problem.detail, end: final.includes(answer.status) };
  } catch {
    return {};
  }
}

/** Shows a channel's stream in a <video> until the function that it returns is called. */
export function play(
  video: HTMLVideoElement,
  id: string,
  profile: string,
  words: Words["player"],
  { told, shown }: Told,
): () => void {
  const path = `${prefix}/ws/live/${encodeURIComponent(id)}?profile=${profile}`;
  const life = new AbortController();
  const asked = performance.now();
  let seen = false;
  let close = () => {}; // the attempt under way
  let timer = 0;
  let pause = 500;

  if (!Source) {
    told(words.noSource);
    return () => {};
  }
  const MediaSourceClass = Source;

  function again(text?: string) {
    close();
    if (life.signal.aborted) return;
    told(text || words.interrupted);
    timer = window.setTimeout(attempt, pause);
    pause = Math.min(2 * pause, longest);
  }

  function end(text: string) {
    close();
    if (!life.signal.aborted) told(text);
  }

  function attempt() {
    const mine = new AbortController(); // ends the listeners of this attempt
    const on = (target: EventTarget, name: string, f: (e: never) => void) =>
      target.addEventListener(name, f as EventListener, { signal: mine.signal });
    const source = new MediaSourceClass();
    const url = URL.createObjectURL(source);
    const ws = new WebSocket(location.origin.replace(/^http/, "ws") + path);
    const queue: (string | ArrayBuffer)[] = []; // types and fragments, in order
    let size = 0;
    let buffer: SourceBuffer | null = null;
    let opened = false;
    ws.binaryType = "arraybuffer";
    video.disableRemotePlayback = true; // or a managed source doesn't open
    video.src = url;
    close = () => {
      close = () => {};
      mine.abort();
      ws.close();
      URL.revokeObjectURL(url);
      video.removeAttribute("src");
      video.load();
    };

    // pump moves one thing into the buffer; the end of its update calls it again.
    function pump() {
      if (source.readyState !== "open" || buffer?.updating) return;
      try {
        const old = buffer?.buffered.length ? video.currentTime - buffer.buffered.start(0) : 0;
        if (buffer && old > 2 * past) {
          buffer.remove(0, video.currentTime - past);
          return;
        }
        const next = queue.shift();
        if (next === undefined) return;
        if (typeof next === "string") {
          if (!buffer) {
            buffer = source.addSourceBuffer(next);
            on(buffer, "updateend", () => {
              follow();
              pump();
            });
          } else {
            buffer.changeType(next);
          }
          pump();
          return;
        }
        size -= next.byteLength;
        buffer?.appendBuffer(next);
      } catch (e) {
        again((e as Error).message);
      }
    }

    // follow keeps to the newest picture.
    function follow() {
      const n = video.buffered.length;
      if (n === 0) return;
      const start = video.buffered.start(n - 1);
      const newest = video.buffered.end(n - 1);
      const late = newest - video.currentTime;
      if (video.currentTime < start || late > behind) {
        video.currentTime = Math.max(start, newest - slack);
      } else if (late > hurry[1]) {
        video.playbackRate = faster;
      } else if (late < hurry[0]) {
        video.playbackRate = 1;
      }
      if (video.paused) video.play().catch(() => {}); // a hidden page may not; it is asked again
    }

    on(source, "sourceopen", pump);
    on(video, "error", () => again(video.error?.message));
    on(video, "playing", () => {
      pause = 500;
      told("");
    });
    video.requestVideoFrameCallback?.(() => {
      if (!seen && !mine.signal.aborted) shown?.(performance.now() - asked);
      seen = true;
    });
    on(ws, "open", () => (opened = true));
    on(ws, "message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === "string") {
        const { mime } = JSON.parse(data) as { mime: string };
        if (!MediaSourceClass.isTypeSupported(mime)) {
          end(words.unsupported(/hvc1|hev1/.test(mime) ? "H.265" : mime));
          return;
        }
        queue.push(mime);
      } else {
        queue.push(data);
        size += data.byteLength;
        if (size > waiting) {
          again();
          return;
        }
      }
      pump();
    });
    on(ws, "close", async ({ reason }: CloseEvent) => {
      if (opened) {
        again(reason);
        return;
      }
      const answer = await why(path, life.signal);
      if (answer.end) end(answer.text ?? "");
      else again(answer.text);
    });
  }

  told(words.connecting);
  attempt();
  return () => {
    life.abort();
    clearTimeout(timer);
    close();
  };
}
