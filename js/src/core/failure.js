// The error that a call to a server function rejects with.

/**
 * Make an error with `message`, `errors` by field, the `id` under which it is in the server's log, and the HTTP `status`.
 * @param {{ error: string, [name: string]: any }} payload
 */
export const failure = ({ error, ...rest }) => Object.assign(new Error(error || Object.values(rest.errors ?? {}).join("; ")), rest);
