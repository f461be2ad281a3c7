// One colour for each state, readable on the dark ground and told apart by those who see no red or green:
// they differ in brightness too, and marks differ in form.
export const stateColours = ["#3ddc97", "#ffc145", "#ff7b72", "#7b8794", "#4a5563"];
export const severityColours: Record<string, string> = { critical: "#ff7b72", warning: "#ffc145", info: "#58a6ff" };
export const ground = "#0d1117";
export const line = "#1f2a37";
export const ink = "#e6edf3";
export const motionColour = "#58a6ff";
