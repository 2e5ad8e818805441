/**
 * Fewer points that look the same: each bucket of time keeps its smallest and its largest value, so a spike that lasted
 * for one point is still there. Pure.
 */

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** At most `2 * buckets` samples, in order of time. `samples` must be in order of time. */
export function minMax(samples: readonly Sample[], buckets: number): readonly Sample[] {
  if (samples.length <= 2 * buckets) return samples;
  const from = samples[0]!.atMs;
  const width = (samples.at(-1)!.atMs - from) / buckets;
  const kept: Sample[] = [];
  let place = 0;
  for (let bucket = 0; bucket < buckets && place < samples.length; bucket++) {
    const end = bucket === buckets - 1 ? Infinity : from + (bucket + 1) * width;
    let low: Sample | null = null;
    let high: Sample | null = null;
    for (; place < samples.length && samples[place]!.atMs < end; place++) {
      const sample = samples[place]!;
      if (low === null || sample.value < low.value) low = sample;
      if (high === null || sample.value > high.value) high = sample;
    }
    if (low === null || high === null) continue;
    if (low === high) kept.push(low);
    else kept.push(...(low.atMs <= high.atMs ? [low, high] : [high, low]));
  }
  return kept;
}
