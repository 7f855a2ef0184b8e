// What the endpoint of the developer's panel returns. This file imports nothing.

/** What is known of a page's session. */
export interface Report {
  page: string;
  /** Id of the process that has the session. */
  worker: number;
  operations: Operation[];
  messages: Message[];
  state: Part[];
}

/** A finished operation; the times of its steps are in milliseconds. */
export interface Operation {
  /** Seconds since 1970. */
  at: number;
  kind: string;
  action: string;
  status: number;
  bytes: number;
  error: string;
  waited: number;
  ran: number;
  loaded: number;
  rendered: number;
  stored: number;
}

/** A message of the server, with the places in templates that it has changed. */
export interface Message {
  /** Seconds since 1970. */
  at: number;
  kind: string;
  rev: number;
  ack: number;
  bytes: number;
  places: { template: string; line: number; what: string; slots: number }[];
}

/** The page or one of its components, with its fields; values are JSON. */
export interface Part {
  /** "" for the page itself. */
  path: string;
  class: string;
  /** `fixed` says why a field can't be set, or is empty. */
  fields: { name: string; type: string; value: string; fixed: string }[];
}
