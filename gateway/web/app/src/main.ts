import "uplot/dist/uPlot.min.css";
import "./app.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { city } from "./city/city.svelte";

// Most come for the map, which takes longest: it is fetched while it is still being asked who they are.
city.begin();
void import("./map/citymap");

mount(App, { target: document.body });
