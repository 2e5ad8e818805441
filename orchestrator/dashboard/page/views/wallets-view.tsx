export function WalletsView({ query }: { readonly query: URLSearchParams }) {
  return <h1>Wallets {query.toString()}</h1>;
}
