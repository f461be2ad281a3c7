// The city on a map, which is loaded when it is needed. It is told what to show, and tells what is clicked.
import maplibregl, { type GeoJSONSource, type Map as MapLibre } from "maplibre-gl/dist/maplibre-gl-csp";
import workerURL from "maplibre-gl/dist/maplibre-gl-csp-worker.js?url";
import "maplibre-gl/dist/maplibre-gl.css";
import { PMTiles, Protocol } from "pmtiles";
import type { Alert, PageSettings } from "../api/client";
import type { Place } from "../city/places.svelte";
import type { Table } from "../city/table";
import { clusters, degrees, mercator, short, worst, type Box, type Cluster } from "./clusters";
import { toGCJ02 } from "./gcj02";
import { hull, type Point } from "./hull";
import { iconNamed } from "./icons";
import { empty, style } from "./style";

maplibregl.setWorkerUrl(workerURL);
const protocol = new Protocol();
maplibregl.addProtocol("pmtiles", protocol.tile);

const recently = 5 * 60_000; // ms
const vectorTiles = 1; // as PMTiles says it

async function isVector(s: PageSettings): Promise<boolean> {
  if (!s.tiles || s.tiles.includes("{z}")) return false;
  const archive = new PMTiles(location.origin + s.tiles);
  protocol.add(archive);
  return (await archive.getHeader()).tileType === vectorTiles;
}

export class CityMap {
  #map: MapLibre;
  #shift: (lon: number, lat: number) => Point;
  #shown: Uint32Array = new Uint32Array();
  #isShown = new Uint8Array();
  #table: Table | null = null;
  #xs = new Float64Array(); // by place in the table, Web Mercator
  #ys = new Float64Array();
  #drawn: Box = { west: 0, east: 0, north: 0, south: 0 };
  #drawnZoom = -1;

  /** Makes the map; chosen is called with the place in the table of what is clicked. */
  static async open(parent: HTMLElement, s: PageSettings, chosen: (i: number) => void): Promise<CityMap> {
    const map = new maplibregl.Map({
      container: parent,
      style: style(s, await isVector(s)),
      center: s.shifted ? toGCJ02(...(s.center as Point)) : (s.center as Point),
      zoom: s.zoom,
      attributionControl: s.attribution ? { compact: true } : false,
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      maxZoom: 20,
      locale: {},
    });
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "bottom-right");
    map.addControl(new maplibregl.ScaleControl({}), "bottom-left");
    map.on("styleimagemissing", ({ id }: { id: string }) => {
      const icon = iconNamed(id);
      if (icon && !map.hasImage(id)) map.addImage(id, icon, { pixelRatio: 2 });
    });
    await new Promise<void>((done) => map.once("style.load", () => done()));
    return new CityMap(map, s, chosen);
  }

  private constructor(map: MapLibre, s: PageSettings, chosen: (i: number) => void) {
    this.#map = map;
    this.#shift = s.shifted ? toGCJ02 : (lon, lat) => [lon, lat];
    map.on("click", (e) => {
      const [hit] = map.queryRenderedFeatures(e.point, { layers: ["alerts", "cameras", "clusters"] });
      if (!hit) return;
      if (hit.layer.id === "clusters") this.#open(hit.properties as Cluster);
      else chosen(hit.layer.id === "alerts" ? hit.properties.i : Number(hit.id));
    });
    map.on("move", () => this.#moved());
    for (const layer of ["cameras", "clusters", "alerts"]) {
      map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
      map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
    }
  }

  /** Calls f when the channels that are shown are drawn. */
  drawn(f: () => void) {
    const look = () => {
      if (!this.#map.isSourceLoaded("channels")) return;
      this.#map.off("sourcedata", look);
      this.#map.once("render", f);
    };
    this.#map.on("sourcedata", look);
  }

  close() {
    this.#map.remove();
  }

  #source(name: string) {
    return this.#map.getSource(name) as GeoJSONSource;
  }

  #open(c: { west: number; east: number; north: number; south: number }) {
    this.#map.fitBounds([degrees(c.west, c.south), degrees(c.east, c.north)], {
      padding: 120,
      maxZoom: 17.5,
      duration: 300,
    });
  }

  #at(t: Table, i: number): Point {
    return this.#shift(t.lons[i], t.lats[i]);
  }

  #point(t: Table, i: number, properties: object): GeoJSON.Feature {
    return { type: "Feature", id: i, properties, geometry: { type: "Point", coordinates: this.#at(t, i) } };
  }

  /** Shows these channels of the table and no others. */
  show(t: Table, channels: Uint32Array) {
    this.#table = t;
    this.#shown = channels;
    this.#isShown = new Uint8Array(t.size);
    this.#xs = new Float64Array(t.size).fill(NaN);
    this.#ys = new Float64Array(t.size).fill(NaN);
    for (const i of channels) {
      if (!t.hasPosition(i)) continue;
      this.#isShown[i] = 1;
      [this.#xs[i], this.#ys[i]] = mercator(...this.#at(t, i));
    }
    this.#draw();
  }

  /** Shows the states that changed. */
  update(changed: Set<number>) {
    for (const i of changed) if (this.#isShown[i]) return this.#draw();
  }

  // draw draws what lies in sight and around it, by the grid of the zoom.
  #draw() {
    const t = this.#table;
    if (!t) return;
    const b = this.#map.getBounds();
    const [west, north] = mercator(b.getWest(), b.getNorth());
    const [east, south] = mercator(b.getEast(), b.getSouth());
    const [x, y] = [(east - west) / 2, (south - north) / 2]; // half of it more on each side
    this.#drawn = { west: west - x, east: east + x, north: north - y, south: south + y };
    this.#drawnZoom = Math.floor(this.#map.getZoom());
    const features: GeoJSON.Feature[] = clusters(
      this.#xs,
      this.#ys,
      t.states,
      this.#shown,
      this.#drawn,
      this.#map.getZoom(),
    ).map((c) =>
      c.count === 1
        ? this.#point(t, c.one, { c: t.classes[c.one], s: t.states[c.one] })
        : {
            type: "Feature",
            properties: {
              icon: `cluster|${short(c.count)}|${worst(c)}`,
              west: c.west,
              east: c.east,
              north: c.north,
              south: c.south,
            },
            geometry: { type: "Point", coordinates: degrees(c.x, c.y) },
          },
    );
    void this.#source("channels").setData({ type: "FeatureCollection", features });
  }

  // moved draws anew when other cameras came into sight, or others can be told apart.
  #moved() {
    const b = this.#map.getBounds();
    const [west, north] = mercator(b.getWest(), b.getNorth());
    const [east, south] = mercator(b.getEast(), b.getSouth());
    const d = this.#drawn;
    if (
      Math.floor(this.#map.getZoom()) !== this.#drawnZoom ||
      west < d.west ||
      east > d.east ||
      north < d.north ||
      south > d.south
    )
      this.#draw();
  }

  /** Shows where something moved lately, among the channels that are shown. */
  motion(t: Table, on: boolean) {
    const since = Date.now() - recently;
    const features: GeoJSON.Feature[] = [];
    if (on) {
      for (const i of this.#shown) {
        if (this.#isShown[i] && (t.moved[i] > since || t.moving.has(i)))
          features.push(this.#point(t, i, { now: t.moving.has(i) }));
      }
    }
    void this.#source("motion").setData({ type: "FeatureCollection", features });
  }

  alerts(t: Table, alerts: Alert[], on: boolean) {
    const features: GeoJSON.Feature[] = [];
    for (const a of on ? alerts : []) {
      const i = a.channel ? t.index.get(a.channel.id) : undefined;
      if (i !== undefined && t.hasPosition(i)) features.push(this.#point(t, i, { severity: a.severity, i }));
    }
    void this.#source("alerts").setData({ type: "FeatureCollection", features });
  }

  /** Shows the names of sites, and what they cover: nobody has told their boundaries, but where cameras are. */
  sites(t: Table, places: Place[], on: boolean) {
    if (!on) {
      void this.#source("places").setData(empty);
      void this.#source("areas").setData(empty);
      return;
    }
    const names: GeoJSON.Feature[] = [];
    for (const p of places) {
      const depth = p.path.split("/").length;
      if (p.lon === undefined || p.lat === undefined || depth < 2) continue;
      names.push({
        type: "Feature",
        properties: {
          icon: `label|${p.name.replaceAll("|", " ")}`,
          depth,
          from: [0, 0, 0, 11.5, 14][Math.min(depth, 4)],
        },
        geometry: { type: "Point", coordinates: this.#shift(p.lon, p.lat) },
      });
    }
    void this.#source("places").setData({ type: "FeatureCollection", features: names });
    const points = new Map<string, Point[]>();
    const prefixes = t.siteNames.map((s) => {
      const tokens = s.split("/");
      return [2, 3].filter((n) => tokens.length >= n).map((n) => tokens.slice(0, n).join("/"));
    });
    for (let i = 0; i < t.size; i++) {
      if (!t.hasPosition(i)) continue;
      for (const prefix of prefixes[t.sites[i]]) {
        const of = points.get(prefix);
        if (of) of.push(this.#at(t, i));
        else points.set(prefix, [this.#at(t, i)]);
      }
    }
    const areas: GeoJSON.Feature[] = [];
    for (const [path, of] of points) {
      const ring = hull(of);
      if (ring.length)
        areas.push({
          type: "Feature",
          properties: { depth: path.split("/").length },
          geometry: { type: "Polygon", coordinates: [ring] },
        });
    }
    void this.#source("areas").setData({ type: "FeatureCollection", features: areas });
  }

  /** Marks a channel, and goes there if it isn't in sight. */
  choose(t: Table, i: number | undefined, go: boolean) {
    if (i === undefined || !t.hasPosition(i)) {
      void this.#source("chosen").setData(empty);
      return;
    }
    void this.#source("chosen").setData({ type: "FeatureCollection", features: [this.#point(t, i, {})] });
    const at = this.#at(t, i);
    if (go && (!this.#map.getBounds().contains(at) || this.#map.getZoom() < 13)) {
      this.#map.easeTo({ center: at, zoom: Math.max(this.#map.getZoom(), 16), duration: 400 });
    }
  }

  /** Goes where the channels are. */
  fit(t: Table, channels: Uint32Array) {
    const bounds = new maplibregl.LngLatBounds();
    for (const i of channels) if (t.hasPosition(i)) bounds.extend(this.#at(t, i));
    if (!bounds.isEmpty()) this.#map.fitBounds(bounds, { padding: 60, maxZoom: 16, duration: 0 });
  }
}
