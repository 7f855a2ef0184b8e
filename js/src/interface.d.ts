// The interface between the two halves of the client: the core, which every page loads, and the lazy half. When the lazy half
// is loaded, the core passes it a `Core` and receives a `Lazy`. Types that both use are here as well, so that neither half
// imports the other's. This file imports nothing.

declare global {
  /** The address of the lazy half, with a digest of its content. Set by the build. */
  const LAZY: string;
}

export type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
export type Submitter = HTMLButtonElement | HTMLInputElement;

/** Names of members that forms have; other nodes have some of them. */
export type MemberName = keyof HTMLElement | "elements" | "reportValidity" | "requestSubmit";

/** A method or property of nodes as a function that takes the node as its first argument. */
export type Member<Name extends MemberName> = HTMLFormElement[Name] extends (...args: infer Args) => infer Result
  ? (node: Node | EventTarget, ...args: Args) => Result
  : (node: Node | EventTarget) => HTMLFormElement[Name];

/** The newest edit of each control whose value an op sends, when the op was created; see core/values.js. */
export type Seen = Map<Control, number>;

/** What a part of the client asks the server to do. */
export interface Request {
  /** Return kind and operands; null if the request no longer makes sense. Called again when slots get other addresses. */
  build: () => any[] | null;
  /** Shown as pending until the answer; the target of the event that reports the outcome. */
  source?: Element | undefined;
  /** Show further pending state, and register with `onRevert` how to undo it. */
  show?: () => void;
  /** The element that caused the request, if there is no `source`. */
  cause?: Element | undefined;
  /** The button that was pressed; disabled while the op is pending. */
  pressed?: Submitter | null;
  /** Whether that button had the focus. */
  focused?: boolean;
  /** Identifies the submitted data, to ignore a repeated submit. */
  digest?: string;
  /** The edits whose values the op sends. */
  seen?: Seen;
  /** Whether a control in `seen` shows what the server rendered, once the op has succeeded. */
  resets?: ((control: Control) => unknown) | undefined;
  /** Called with the outcome. */
  ended?: (status: number, payload?: any) => void;
  /** The form that the browser can post itself, if ops can't be sent. */
  post?: [form: HTMLFormElement, submitter: Submitter | null];
}

/** A request that has a number. */
export interface Op extends Request {
  n: number;
  /** Revision of the page in which the op was built. */
  revision: number;
  parts: any[] | null;
  /** Whether it was sent over this connection. */
  out?: boolean | undefined;
  /** Whether the server runs it concurrently with later ops. */
  running?: boolean;
}

/** A finished op and its outcome. */
export type Settled = [op: Op, status: number, payload?: any];

/** A welcome or a frame, as it is applied to the page. */
export interface Change {
  /** Set if the session was rebuilt: list items are numbered from zero again. */
  fresh?: 1;
  shapes?: any[];
  patch?: any;
  extras?: any;
  settled: Settled[];
}

/** An action or client commands that an element runs on events of a type. */
export interface Call {
  element: Element;
  /** The attribute or mark: `live-input.debounce.300`, `@input.debounce.300`. */
  descriptor: string;
  type: string;
  modifiers: string[];
}

/** The nodes in the page that raw HTML has become: those between two comments, or all children of a parent. */
export interface RawRange {
  readonly container: ParentNode & Node;
  readonly first: Node | null;
  readonly opening: Node | null;
  readonly closing: Node | null;
  fillWith(content: Node | ""): void;
}

/** Raw HTML in the page, as the server rendered it. */
export interface RawBase {
  /** Contains the parsed HTML. */
  root: Element;
  /** The HTML as a string; undefined until the first change after the page was loaded. */
  source?: string;
}

/** What the core offers to the lazy half. */
export interface Core {
  applyMessage(message: any): boolean;
  applyPending(): void;
  calledBy(element: Element, descriptor: string): string | number[] | null;
  close(status: number, payload?: any): Settled[];
  editCount(control: Control): number | undefined;
  onRevert(revert: () => void): void;
  pending(): Op[];
  pendingBatch(): { hello: any; ops: any[][] };
  perform(request: Request): void;
  preserveInput(control: Control, write: () => void, options?: boolean): void;
  report(source: Element | undefined, status: number, payload: any, n?: number): void;
  requestFullPage(): void;
  run(call: Call, event: Event, read?: () => unknown): void;
  scanMarkup(nodes: ParentNode): void;
  send(): void;
  session(): string | null;
  setWhilePending(element: Element, name: string, value: string | null): void;
  trusted(html: string): any;
  unansweredOp(kind: number): any[];
  unsend(n: number): void;
  updateAttribute(element: any, name: string, value: string | null): void;
  /** Send a message over the socket. Throws while the socket is connecting. */
  write(message: any): void;
}

/** The core's functions by position, as property names would make it larger. */
type MembersOf<Names extends (keyof Core)[]> = { [I in keyof Names]: Core[Names[I]] };
export type CoreParts = MembersOf<[
  "calledBy", "setWhilePending", "close", "requestFullPage", "editCount", "preserveInput", "applyPending", "scanMarkup", "onRevert", "pendingBatch",
  "pending", "perform", "report", "run", "session", "applyMessage", "trusted", "updateAttribute", "send", "unansweredOp", "unsend", "write",
]>;

/** What the lazy half offers to the core and to the client's other entries. */
export interface Lazy {
  /** Return itself. */
  start(parts: CoreParts): Lazy;
  applyAutofocus(): void;
  applyExtras(extras: any): void;
  /** The fetch request that is being sent; undefined from when its response begins. */
  readonly busy: unknown;
  call(name: string, args: Record<string, unknown>): Promise<any>;
  /**
   * Apply the server's value of an attribute that client commands have changed. Return false if they haven't: the core
   * sets it then.
   */
  covers(element: Element, name: string, value: string | null): boolean;
  explain(status: number): void;
  flushDelays(): void;
  followRedirect(redirect: Redirect, n?: number): void;
  hook(name: string, definition: object): Promise<void> | undefined;
  isRendered(control: Control): boolean;
  moveSiblings(parent: any, nodes: Node[], anchor: Node | null): void;
  needsTransition(message: any): unknown;
  onEvent(call: Call, event: Event): void;
  onWindowEvent(event: Event): void;
  processAll(waiting: any[], process: (message: any) => void): Promise<void>;
  refocus(removed: any, place: Range): void;
  refuses(request: Request): unknown;
  registerCall(call: Call): void;
  /** Reload the page, a few times at most. */
  reloadPage(): void;
  /** Returns undefined: the slots of the new page aren't known yet. */
  replacePage(html: string, settled: Settled[]): undefined;
  sendByFetch(): void;
  setRaw(range: RawRange, change: any, base?: RawBase | null): RawBase | null;
  /**
   * Ignore what fetch requests still bring. Return a promise if a request is being sent, which the hello must not
   * overtake.
   */
  stopFetching(): unknown;
  showPendingState(op: Request & { parts?: any[] | null }): void;
  uploadFiles(request: Request, ref: string, fields: any[]): void;
  /** Requests that are shown as pending before they are sent: uploads of files, and an item that is being dragged. */
  readonly unsent: Request[];
}

/** The address that an op redirects to. */
export interface Redirect {
  url: string;
  replace?: boolean;
}

/** The functions of features that the rest of the lazy half, or other features, may call; see lazy/features.js. */
export interface Features {
  changes: Feature & {
    /** Remove elements that are being animated out, before other code reads the page. */
    finishLeaving(): void;
    forgetChanges(): void;
    hook(name: string, definition: object): void;
    needsTransition(message: any): unknown;
    runInTransition(update: () => void): Promise<void>;
  };
  commands: Feature & {
    covers(element: Element, name: string, value: string | null): boolean;
    forgetOverrides(): void;
    runCommands(call: Call, event: Event): void;
  };
  dialogs: Feature;
  fetching: Feature & {
    readonly busy: unknown;
    sendByFetch(): void;
    stopFetching(): unknown;
  };
  navigation: Feature & {
    followRedirect(redirect: Redirect, n?: number): void;
    refuses(request: Request): boolean;
    setAddress(url: string, push: unknown): void;
    shownPath(): string;
  };
  pages: Feature & { replacePage(html: string, settled: Settled[]): undefined };
  raw: Feature & {
    /** Copy the page as the server has sent it. Also called when the whole page has been replaced. */
    start(): void;
    setRaw(range: RawRange, change: any, base?: RawBase | null): RawBase | null;
  };
  restoring: Feature & {
    /** Called before each message that needs the lazy half. */
    expect(message: any): void;
    /** Restore nothing, since another page is shown. */
    forget(): void;
    /** Called after each patch. Return whether it was such a message. */
    restore(): boolean;
  };
  sorting: Feature & { readonly unsent: Request[] };
  unsaved: Feature & {
    allowLeaving(): void;
    /** Ask whether to leave a page with unsaved changes. Return whether it may be left. */
    confirmLeaving(): boolean;
    markUnsaved(): void;
    unmarkUnsaved(): void;
  };
  uploads: Feature & {
    showProgress(op: Request): void;
    readonly unsent: Request[];
    uploadFiles(request: Request, ref: string, fields: any[]): void;
  };
  viewport: Feature;
  windows: Feature;
}

/** The functions that every feature may have. */
export interface Feature {
  /** Called once, after the feature was loaded. */
  start?(): void;
  /** Called for each of the feature's attributes that comes to the page. */
  register?(call: Call): void;
}
