/** Help from the command tables. */
import type { Flag } from './arguments.ts';
import { expectation } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT_MEANINGS } from './exit-code.ts';
import { textTable } from './text-table.ts';

export function overview(commands: readonly Command[], version: string): string[] {
  return [
    `wallance ${version}: a testbed for the Wallance light ledger`,
    '',
    'usage: wallance COMMAND [OPTIONS]',
    '',
    ...table([
      ...commands.map((command) => [command.name, command.summary]),
      ['help COMMAND', 'Options and examples of a command'],
    ]),
    '',
    'exit codes',
    ...table(EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning])),
    '',
    'Labs are kept in ./.wallance, or where WALLANCE_HOME points.',
  ];
}

export function commandHelp(command: Command): string[] {
  const flags = Object.entries(command.flags).filter(([name]) => !name.startsWith('_'));
  const positionals = command.positionals.map(({ name, required, many }) => {
    const shown = many === true ? `${name.toUpperCase()}...` : name.toUpperCase();
    return required ? shown : `[${shown}]`;
  });
  const lines = [
    ['usage: wallance', command.name, ...positionals, ...(flags.length > 0 ? ['[OPTIONS]'] : [])].join(' '),
    '',
    command.summary,
  ];
  if (command.positionals.length > 0) {
    lines.push('', ...table(command.positionals.map(({ name, help }) => [name.toUpperCase(), help])));
  }
  if (flags.length > 0) {
    lines.push('', 'options', ...table(flags.map(([name, flag]) => [flagUsage(name, flag), flagHelp(flag)])));
  }
  for (const paragraph of command.details) lines.push('', paragraph);
  if (command.examples.length > 0) lines.push('', 'examples', ...command.examples.map((example) => `  ${example}`));
  return lines;
}

function flagUsage(name: string, flag: Flag): string {
  if (flag.type === 'switch') return `--${name}`;
  return `--${name} ${flag.type === 'choice' ? name.toUpperCase() : flag.value}`;
}

function flagHelp(flag: Flag): string {
  if (flag.type === 'switch') return flag.help;
  if (flag.type === 'settings') return `${flag.help} (may be repeated)`;
  const fallback = flag.default === null ? '' : `; default ${flag.default}`;
  return `${flag.help} (${expectation(flag)}${fallback})`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  return textTable([{ title: '' }, { title: '' }], rows, 2).slice(1);
}
