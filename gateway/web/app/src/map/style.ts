import type { LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import type { PageSettings } from "../api/client";
import { ground, line, motionColour } from "./colours";

type Features = GeoJSON.FeatureCollection;
export const empty: Features = { type: "FeatureCollection", features: [] };

const geojson = (more = {}): SourceSpecification => ({ type: "geojson", data: empty, ...more });

/** Lines of the whole degrees, and finer ones: there is something to see that moves when the map does. */
export function graticule([lon, lat]: [number, number]): Features {
  const features: GeoJSON.Feature[] = [];
  const step = 0.05;
  const reach = 1.5;
  for (let i = -reach / step; i <= reach / step; i++) {
    const x = Math.round(lon / step + i) * step;
    const y = Math.round(lat / step + i) * step;
    const add = (coordinates: [number, number][]) =>
      features.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } });
    add([
      [x, lat - reach],
      [x, lat + reach],
    ]);
    add([
      [lon - reach, y],
      [lon + reach, y],
    ]);
  }
  return { type: "FeatureCollection", features };
}

// A vector base map in the schema of Protomaps, without words: those need fonts.
function vectorLayers(): LayerSpecification[] {
  const fill = (id: string, colour: string): LayerSpecification => ({
    id: `base-${id}`,
    type: "fill",
    source: "base",
    "source-layer": id,
    paint: { "fill-color": colour },
  });
  return [
    fill("earth", "#111822"),
    fill("landuse", "#131c27"),
    fill("water", "#0a1a2b"),
    fill("buildings", "#16202c"),
    {
      id: "base-roads",
      type: "line",
      source: "base",
      "source-layer": "roads",
      paint: {
        "line-color": "#243140",
        "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 8, 0.4, 14, 2, 18, 10],
      },
    },
    {
      id: "base-boundaries",
      type: "line",
      source: "base",
      "source-layer": "boundaries",
      paint: { "line-color": "#2d3b4c", "line-dasharray": [3, 2] },
    },
  ];
}

export function style(s: PageSettings, vector: boolean): StyleSpecification {
  const sources: StyleSpecification["sources"] = {
    grid: geojson({ data: graticule(s.center as [number, number]) }),
    areas: geojson(),
    channels: geojson(),
    motion: geojson(),
    alerts: geojson(),
    places: geojson(),
    chosen: geojson(),
  };
  const layers: LayerSpecification[] = [{ id: "ground", type: "background", paint: { "background-color": ground } }];
  if (s.tiles) {
    const attribution = s.attribution;
    if (vector) {
      sources.base = { type: "vector", url: `pmtiles://${location.origin}${s.tiles}`, attribution };
      layers.push(...vectorLayers());
    } else {
      sources.base = s.tiles.includes("{z}")
        ? { type: "raster", tiles: [s.tiles], tileSize: 256, attribution }
        : { type: "raster", url: `pmtiles://${location.origin}${s.tiles}`, tileSize: 256, attribution };
      layers.push({
        id: "base",
        type: "raster",
        source: "base",
        paint: { "raster-saturation": -0.6, "raster-brightness-max": 0.55, "raster-contrast": 0.1 },
      });
    }
  } else {
    layers.push(
      { id: "grid", type: "line", source: "grid", paint: { "line-color": line, "line-width": 0.6 } },
      {
        id: "area-fill",
        type: "fill",
        source: "areas",
        paint: { "fill-color": "#8fb8e8", "fill-opacity": ["case", ["==", ["get", "depth"], 2], 0.035, 0.02] },
      },
    );
  }
  layers.push(
    {
      id: "area-line",
      type: "line",
      source: "areas",
      paint: {
        "line-color": "#3a4d63",
        "line-width": ["case", ["==", ["get", "depth"], 2], 1.4, 0.7],
        "line-opacity": ["interpolate", ["linear"], ["zoom"], 9, ["case", ["==", ["get", "depth"], 2], 1, 0], 12, 0.9],
      },
    },
    {
      id: "motion",
      type: "circle",
      source: "motion",
      paint: {
        "circle-radius": ["case", ["get", "now"], 15, 12],
        "circle-color": motionColour,
        "circle-opacity": ["case", ["get", "now"], 0.45, 0.18],
        "circle-blur": 0.4,
      },
    },
    {
      id: "clusters",
      type: "symbol",
      source: "channels",
      filter: ["has", "icon"],
      layout: {
        "icon-image": ["get", "icon"],
        "icon-allow-overlap": true,
      },
    },
    {
      id: "cameras",
      type: "symbol",
      source: "channels",
      filter: ["!", ["has", "icon"]],
      layout: {
        "icon-image": ["concat", "camera|", ["to-string", ["get", "c"]], "|", ["to-string", ["get", "s"]]],
        "icon-allow-overlap": true,
        "icon-size": ["interpolate", ["linear"], ["zoom"], 10, 0.7, 15, 1, 18, 1.3],
      },
    },
    {
      id: "places",
      type: "symbol",
      source: "places",
      layout: {
        "icon-image": ["get", "icon"],
        "icon-anchor": "bottom",
        "icon-offset": [0, -10],
        "symbol-sort-key": ["get", "depth"],
      },
      filter: ["<=", ["get", "from"], ["zoom"]],
    },
    {
      id: "alerts",
      type: "symbol",
      source: "alerts",
      layout: {
        "icon-image": ["concat", "alert|", ["get", "severity"]],
        "icon-allow-overlap": true,
        "icon-offset": [0, -16],
      },
    },
    {
      id: "chosen",
      type: "circle",
      source: "chosen",
      paint: {
        "circle-radius": 14,
        "circle-color": "transparent",
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 2,
      },
    },
  );
  return { version: 8, sources, layers };
}
