/** Ids of nodes or seats as people read them. */

/** `1-3, 7`: members in their order, neighbours joined. */
export function nodeList(nodes: readonly string[], members: readonly string[]): string {
  const indices = nodes.map((id) => members.indexOf(id)).sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] + 1 === index) last[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([from, to]) => (from === to ? members[from] : `${members[from]}-${members[to]}`)).join(', ');
}
