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

/** No form: it stands in forms, and keeping a token must not send them. */
function TokenEntry() {
  const [kept, setKept] = useState(false);
  const [token, setToken] = useState('');
  if (kept) return <p>The token is kept until this tab is closed. Try again.</p>;
  return (
    <div class="row">
      <label>
        Token of the lab
        <input type="password" autocomplete="off" onInput={(event) => setToken(event.currentTarget.value)} />
      </label>
      <button
        type="button"
        onClick={() => {
          keepToken(token);
          setKept(true);
        }}
      >
        Keep it
      </button>
    </div>
  );
}
