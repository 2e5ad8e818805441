/**
 * The known name that a misspelt one most likely means: fewest letters inserted, left out, changed or swapped
 * (optimal string alignment distance), as a share of the longer name. For hints in problems only. Null when `known` is
 * empty.
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  let nearest: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const typed = name.slice(0, 100);
    const share = editDistance(typed, candidate) / Math.max(typed.length, candidate.length);
    if (share < least) {
      least = share;
      nearest = candidate;
    }
  }
  return nearest;
}

function editDistance(a: string, b: string): number {
  let twoBack: number[] = [];
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(before[j]! + 1, row[j - 1]! + 1, before[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, twoBack[j - 2]! + 1);
      row.push(least);
    }
    twoBack = before;
    before = row;
  }
  return before[b.length]!;
}
