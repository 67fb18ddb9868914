/** The first characters of a text, as a copy: in V8 a slice is a view, which would keep the whole text in memory. */
export function textStart(text: string, characters: number): string {
  return JSON.parse(JSON.stringify(text.slice(0, characters)));
}
