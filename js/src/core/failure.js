// The error that a call to the server rejects with.

/**
 * What a caller catches: `message`, `errors` by field, `id` in the log, `status` of HTTP.
 * @param {{ error: string, [name: string]: any }} payload
 */
export const failure = ({ error, ...rest }) => Object.assign(new Error(error || Object.values(rest.errors ?? {}).join("; ")), rest);
