// What is drawn on the map, as pictures: the map needs no fonts from anywhere.
import { ground, ink, severityColours, stateColours } from "./colours";

const scale = 2; // pixels of a picture for each of the screen

export interface Picture {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

function draw(width: number, height: number, f: (c: CanvasRenderingContext2D) => void): Picture {
  const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  const c = canvas.getContext("2d", { willReadFrequently: true }) as unknown as CanvasRenderingContext2D;
  c.scale(scale, scale);
  f(c);
  const { data } = c.getImageData(0, 0, canvas.width, canvas.height);
  return { width: canvas.width, height: canvas.height, data };
}

function outline(c: CanvasRenderingContext2D, className: number, x: number, y: number, r: number) {
  c.beginPath();
  if (className === 1) c.arc(x, y, r, 0, 2 * Math.PI);
  else if (className === 2) c.roundRect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8, 1.5);
  else {
    const corners = className === 3 ? 3 : 4;
    for (let i = 0; i < corners; i++) {
      const angle = (i / corners) * 2 * Math.PI - Math.PI / 2;
      c.lineTo(x + Math.cos(angle) * r * 1.2, y + (corners === 3 ? 1 : 0) + Math.sin(angle) * r * 1.2);
    }
  }
  c.closePath();
}

/** A camera: its class by the form, its state by colour and by what is inside. */
export function cameraIcon(className: number, state: number): Picture {
  const size = 22;
  return draw(size, size, (c) => {
    const m = size / 2;
    outline(c, className, m, m, 7);
    c.lineWidth = 2;
    c.fillStyle = state >= 3 ? ground : stateColours[state];
    c.strokeStyle = state >= 3 ? stateColours[state] : ground;
    c.fill();
    c.stroke();
    c.strokeStyle = ground;
    c.lineWidth = 2;
    c.beginPath();
    if (state === 2) {
      c.moveTo(m - 3, m - 3);
      c.lineTo(m + 3, m + 3);
      c.moveTo(m + 3, m - 3);
      c.lineTo(m - 3, m + 3);
    } else if (state === 1) {
      c.moveTo(m, m - 4);
      c.lineTo(m, m + 1);
      c.moveTo(m, m + 3);
      c.lineTo(m, m + 4);
    }
    c.stroke();
  });
}

const font = (px: number, weight = 600) =>
  `${weight} ${px}px Inter, "Noto Sans SC", "Noto Sans CJK SC", system-ui, sans-serif`;

/** A number of cameras, ringed by the worst of their states. */
export function clusterIcon(text: string, worst: number): Picture {
  const size = 30 + 4 * text.length;
  return draw(size, size, (c) => {
    const m = size / 2;
    c.beginPath();
    c.arc(m, m, m - 2, 0, 2 * Math.PI);
    c.fillStyle = "#161d27";
    c.fill();
    c.lineWidth = worst % 4 === 0 ? 2 : 3;
    c.strokeStyle = [stateColours[0] + "99", stateColours[1], stateColours[2], stateColours[2], stateColours[3]][worst];
    c.stroke();
    if (worst === 3) {
      c.fillStyle = stateColours[2] + "33";
      c.fill();
    }
    c.fillStyle = ink;
    c.font = font(13);
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillText(text, m, m + 0.5);
  });
}

/** A site's name. */
export function labelIcon(text: string): Picture {
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
  probe.font = font(13, 500);
  const width = Math.ceil(probe.measureText(text).width) + 8;
  return draw(width, 20, (c) => {
    c.font = font(13, 500);
    c.textBaseline = "middle";
    c.lineJoin = "round";
    c.lineWidth = 3;
    c.strokeStyle = ground;
    c.strokeText(text, 4, 10);
    c.fillStyle = "#9fb0c3";
    c.fillText(text, 4, 10);
  });
}

/** An alert. */
export function alertIcon(severity: string): Picture {
  return draw(26, 26, (c) => {
    c.beginPath();
    c.moveTo(13, 3);
    c.lineTo(24, 22);
    c.lineTo(2, 22);
    c.closePath();
    c.lineJoin = "round";
    c.lineWidth = 3;
    c.strokeStyle = ground;
    c.stroke();
    c.fillStyle = severityColours[severity] ?? ink;
    c.fill();
    c.fillStyle = ground;
    c.fillRect(12, 9, 2, 7);
    c.fillRect(12, 18, 2, 2);
  });
}

/** The picture of a name that the map's layers use. */
export function iconNamed(name: string): Picture | null {
  const [kind, a, b] = name.split("|");
  if (kind === "camera") return cameraIcon(Number(a), Number(b));
  if (kind === "cluster") return clusterIcon(a, Number(b));
  if (kind === "label") return labelIcon(a);
  if (kind === "alert") return alertIcon(a);
  return null;
}
