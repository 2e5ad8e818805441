/** The nodes in words: what the topology shows, for keyboards, for readers of the screen, and for copying. */
import { useMemo } from 'preact/hooks';
import type { LiveNode } from '../../api/frame-shape.ts';
import { useDcoinRate } from '../lab-context.ts';
import { signOf } from '../node-sign.ts';
import { cut, dcoins, plain } from '../wording.ts';

interface NodeTableProps {
  readonly nodes: readonly LiveNode[];
  readonly selected: string | null;
  readonly onSelect: (seat: string) => void;
}

export function NodeTable({ nodes, selected, onSelect }: NodeTableProps) {
  return (
    <div class="scroll">
      <table class="nodes">
        <caption class="hidden">Nodes</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              n / quorum
            </th>
            <th scope="col" class="number">
              Wallet
            </th>
            <th scope="col" class="number wide">
              Decided
            </th>
            <th scope="col" class="number wide">
              Turned down
            </th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <Line key={node.seat} node={node} selected={node.seat === selected} onSelect={onSelect} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface LineProps {
  readonly node: LiveNode;
  readonly selected: boolean;
  readonly onSelect: (seat: string) => void;
}

function Line({ node, selected, onSelect }: LineProps) {
  const rate = useDcoinRate();
  const { seat, state, paused, behaviours, connected, n, quorum, units, decisions, refusals } = node;
  const behaves = behaviours.join(', ');
  // What is shown, and not the counts of messages.
  return useMemo(() => {
    const sign = signOf(node);
    return (
      <tr class={selected ? 'selected' : undefined} data-seat={seat}>
        <th scope="row">
          <button type="button" class="as-link" aria-pressed={selected} onClick={() => onSelect(seat)}>
            {cut(seat, 24)}
          </button>
        </th>
        <td>
          <span class={`badge ${sign.kind}`}>
            {sign.sign} {sign.words}
          </span>{' '}
          {behaves !== '' && <span class="muted">{cut(behaves, 60)}</span>}
        </td>
        <td class="number">{n === null ? '-' : `${n} / ${quorum ?? '?'}`}</td>
        <td class="number">{units === null ? '-' : dcoins(units, rate)}</td>
        <td class="number wide">{plain(decisions)}</td>
        <td class="number wide">{plain(refusals)}</td>
      </tr>
    );
  }, [seat, state, paused, behaves, connected, n, quorum, units, decisions, refusals, selected, onSelect, rate]);
}
