// Events as they happen, until it is closed; after an interruption again.
import { prefix, type CityEvent } from "../api/client";

export interface Listener {
  opened: () => void; // whatever was missed before must be asked for
  heard: (e: CityEvent) => void;
  missed: (n: number) => void; // too many came
  lost: () => void;
}

const longest = 1500; // ms between two attempts

export function listen(kinds: string[], on: Listener): () => void {
  const address = `${location.origin.replace(/^http/, "ws")}${prefix}/ws/events?kind=${kinds.join(",")}`;
  let ended = false;
  let timer = 0;
  let pause = 250;
  let ws: WebSocket;

  function attempt() {
    ws = new WebSocket(address);
    ws.onopen = () => {
      pause = 250;
      on.opened();
    };
    ws.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (typeof message.missed === "number") on.missed(message.missed);
      else on.heard(message);
    };
    ws.onclose = () => {
      if (ended) return;
      on.lost();
      timer = window.setTimeout(attempt, pause);
      pause = Math.min(2 * pause, longest);
    };
  }

  attempt();
  return () => {
    ended = true;
    clearTimeout(timer);
    ws.close();
  };
}
