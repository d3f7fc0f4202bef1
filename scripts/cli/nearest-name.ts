/** How many letters have to be added, dropped, changed or swapped with their neighbour to make one word of another. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = (last[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, changed, swapped));
    }
    before = last;
    last = row;
  }
  return last[to.length] ?? 0;
}

/** Which of the names somebody meant who typed this, if one is near enough: a third of its letters may be wrong. */
export function nearestName(typed: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const away = typed.length >= 3 && name.startsWith(typed) ? 0.5 : distance(typed, name);
    if (away < least && away <= Math.max(1, Math.floor(name.length / 3))) {
      nearest = name;
      least = away;
    }
  }
  return nearest;
}
