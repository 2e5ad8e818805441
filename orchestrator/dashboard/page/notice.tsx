/** What a view says where there is nothing to show, and why something was not done. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { keepToken, type Refused } from './lab-client.ts';

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Null: nothing. Announced, since it answers something that was just done. */
export function RefusalNotice({ refused }: { readonly refused: Refused | null }) {
  if (refused === null) return null;
  return (
    <div class="notice bad" role="alert">
      {refused.problems.length === 0 ? (
        refused.message.split('\n').map((line) => <p key={line}>{line}</p>)
      ) : (
        <>
          <p>This was not done:</p>
          <ul>
            {refused.problems.map(({ path, expected, found }) => (
              <li key={path + expected}>
                <code>{path}</code>: expected {expected}, got <code>{found}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {refused.code === 'token' && <TokenEntry />}
    </div>
  );
}

function TokenEntry() {
  const [kept, setKept] = useState(false);
  if (kept) return <p>The token is kept until this tab is closed. Try again.</p>;
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        keepToken(String(new FormData(event.currentTarget).get('token') ?? ''));
        setKept(true);
      }}
    >
      <label>
        Token of the lab
        <input name="token" type="password" autocomplete="off" required />
      </label>
      <button type="submit">Keep it</button>
    </form>
  );
}
