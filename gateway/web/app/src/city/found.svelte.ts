// The cameras that the page's filter means, for every view that shows them.
import { place } from "../place.svelte";
import { city } from "./city.svelte";
import { matching } from "./filter";

class Found {
  // They change with the filter and the registry; with states only where these are filtered.
  now = $derived.by(() => {
    void city.generation;
    if (place.filter.states.length) void city.version;
    return matching(city.table, place.filter);
  });
}

export const found = new Found();
