// The initials of a name's pinyin. A browser knows the order of Chinese characters by their pinyin, and so,
// of two characters that begin a letter, which one a character lies between.
const letters = "abcdefghjklmnopqrstwxyz";
const first = "阿八嚓哒妸发旮哈讥咔垃痳拏噢妑七呥扨它穵夕丫帀";
const order = new Intl.Collator("zh-CN-u-co-pinyin");
const known = new Map<string, string>();

function initial(character: string): string {
  let letter = known.get(character);
  if (letter === undefined) {
    letter = "";
    for (let low = 0, high = first.length - 1; low <= high;) {
      const middle = (low + high) >> 1;
      if (order.compare(character, first[middle]) >= 0) {
        letter = letters[middle];
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    known.set(character, letter);
  }
  return letter;
}

/** The initials of the Chinese characters of a text; what else it has stays as it is, in lower case. */
export function initials(text: string): string {
  let out = "";
  for (const c of text) out += c >= "\u4e00" && c <= "\u9fff" ? initial(c) : c.toLowerCase();
  return out;
}
