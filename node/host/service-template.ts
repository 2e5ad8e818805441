/**
 * Placeholders in a service's program: `{requester}`, `{state}`, `{time}`, `{argument}`. What stands for them is data:
 * it is put in once, is not scanned again, and each kind of program says where it may appear and how it is escaped.
 */
import { nearestName } from './nearest-name.ts';

export const PLACEHOLDERS = ['requester', 'state', 'time', 'argument'] as const;

export type Placeholder = (typeof PLACEHOLDERS)[number];

const PLACEHOLDER = /\{([A-Za-z]+)\}/g;

/** Text for each placeholder of one purchase. */
export type PlaceholderTexts = Readonly<Record<Placeholder, string>>;

/** `template` with the texts in place, each passed through `escaped` first. Other braces stay as they are. */
export function fillTemplate(
  template: string,
  texts: PlaceholderTexts,
  escaped: (text: string) => string = (text) => text,
): string {
  return template.replace(PLACEHOLDER, (whole, name: string) => {
    const known = PLACEHOLDERS.find((placeholder) => placeholder === name);
    return known === undefined ? whole : escaped(texts[known]);
  });
}

/** The first `{word}` that is no placeholder, and the one that was probably meant; null when all are known. */
export function unknownPlaceholder(template: string): { found: string; nearest: string } | null {
  for (const [whole, name] of template.matchAll(PLACEHOLDER)) {
    if (PLACEHOLDERS.some((placeholder) => placeholder === name)) continue;
    return { found: whole, nearest: `{${nearestName(name!, PLACEHOLDERS)}}` };
  }
  return null;
}
