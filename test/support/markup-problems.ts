/** What is not well-formed in XML, or in HTML whose elements are all closed: each problem as a line, none for good text. */

const VOID_ELEMENTS = new Set(['meta', 'br', 'img']);
const TOKEN = /<!doctype html>|<\?xml[^?]*\?>|<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?)>/gy;
const ENTITY = /&(?!#\d+;|#x[\da-f]+;|(?:amp|lt|gt|quot|apos);)/i;

export function markupProblems(text: string, kind: 'xml' | 'html'): string[] {
  const problems: string[] = [];
  const open: string[] = [];
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const content = text.slice(at, next < 0 ? undefined : next);
    if (ENTITY.test(content) && open.at(-1) !== 'style') problems.push(`bare & in ${content.slice(0, 60)}`);
    if (next < 0) break;
    TOKEN.lastIndex = next;
    const match = TOKEN.exec(text);
    if (match === null) {
      problems.push(`no tag at ${text.slice(next, next + 60)}`);
      at = next + 1;
      continue;
    }
    at = TOKEN.lastIndex;
    const [, closing, name, attributes = '', selfClosed] = match;
    if (name === undefined) continue;
    if (ENTITY.test(attributes)) problems.push(`bare & in ${attributes}`);
    if (closing === '/') {
      const last = open.pop();
      if (last !== name) problems.push(`</${name}> closes <${last}>`);
    } else if (selfClosed !== '/' && !(kind === 'html' && VOID_ELEMENTS.has(name))) open.push(name);
  }
  for (const name of open) problems.push(`<${name}> is never closed`);
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)) problems.push('a character that XML forbids');
  return problems;
}

/** Texts that break out of markup, cells, commands and lines where somebody forgot to escape them. */
export const HOSTILE =
  '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u0000\u001b[31m\ud800 ]]>&amp;| `x` [a](https://example.org)\n::error::%0A\'';
