// A sound that is heard in a control room and wakes nobody for nothing: two tones, three for what is critical.
let context: AudioContext | null = null;

export function chime(critical: boolean) {
  context ??= new AudioContext();
  const tones = critical ? [880, 660, 880] : [660, 880];
  tones.forEach((frequency, n) => {
    const oscillator = context!.createOscillator();
    const gain = context!.createGain();
    const at = context!.currentTime + n * 0.22;
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(critical ? 0.3 : 0.15, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
    oscillator.connect(gain).connect(context!.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.22);
  });
}
