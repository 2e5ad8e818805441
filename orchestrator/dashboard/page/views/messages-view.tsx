export function MessagesView({ query }: { readonly query: URLSearchParams }) {
  return <h1>Messages {query.toString()}</h1>;
}
