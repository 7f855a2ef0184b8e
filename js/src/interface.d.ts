// What the two halves of the client know of each other. The core, which every page loads, hands a `Core` to the lazy half
// once that is loaded, and gets a `Lazy` back. Types that both use are here as well, so that neither imports the other.
// This file imports nothing.

declare global {
  /** Where the lazy half is: the build writes its address, with a digest of its content. */
  const LAZY: string;
}

export type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
export type Submitter = HTMLButtonElement | HTMLInputElement;

/** What forms have, and other nodes some of. */
export type MemberName = keyof HTMLElement | "elements" | "reportValidity" | "requestSubmit";

/** A member of nodes as a function. */
export type Member<Name extends MemberName> = HTMLFormElement[Name] extends (...args: infer Args) => infer Result
  ? (node: Node | EventTarget, ...args: Args) => Result
  : (node: Node | EventTarget) => HTMLFormElement[Name];

/** How often each control that an op reports had been edited when the op was made. */
export type Seen = Map<Control, number>;

/** What a part of the client asks the server to do. */
export interface Request {
  /** Return kind and operands; null if the request no longer makes sense. Called again when items get other numbers. */
  build: () => any[] | null;
  /** Shown as pending until the answer; the target of the event that reports it. */
  source?: Element | undefined;
  /** Shows more until the answer; what it changes is taken back by `onRevert`. */
  show?: () => void;
  /** The element that caused a request for which nothing is shown as pending. */
  cause?: Element | undefined;
  /** The button that was pressed; disabled while the op is pending. */
  pressed?: Submitter | null;
  /** Whether that button had the focus. */
  focused?: boolean;
  /** Tells a repeated submit from a new one. */
  digest?: string;
  /** Edits that the op reports. */
  seen?: Seen;
  /** Which of the controls that it reports show what the server rendered, once the op has succeeded. */
  resets?: ((control: Control) => unknown) | undefined;
  ended?: (status: number, payload?: any) => void;
  /** What can be posted natively instead. */
  post?: [form: HTMLFormElement, submitter: Submitter | null];
}

export interface Op extends Request {
  n: number;
  /** Revision of the page in which the op was built. */
  revision: number;
  parts: any[] | null;
  /** Whether it was sent over this connection. */
  out?: boolean | undefined;
  /** Whether the server runs it concurrently: later ops don't wait for it. */
  running?: boolean;
}

export type Settled = [op: Op, status: number, payload?: any];

/** What a message of the server means for the page. */
export interface Change {
  /** The session was rebuilt: the page's items are numbered from zero. */
  fresh?: 1;
  shapes?: any[];
  patch?: any;
  extras?: any;
  settled: Settled[];
}

/** What an element calls when an event of a type reaches it. */
export interface Call {
  element: Element;
  /** The attribute or mark: `live-input.debounce.300`, `@input.debounce.300`. */
  descriptor: string;
  type: string;
  modifiers: string[];
}

/** Where raw HTML is on the page: between two comments, or all children of a parent. */
export interface RawRange {
  readonly container: ParentNode & Node;
  readonly first: Node | null;
  readonly opening: Node | null;
  readonly closing: Node | null;
  fillWith(content: Node | string): void;
}

/** Raw HTML that is on the page, as the server gave it. */
export interface RawBase {
  /** Holds what the string looks like. */
  root: Element;
  /** Unknown as long as it is what the page was loaded with. */
  source?: string;
}

/** What the core offers to the lazy half. */
export interface Core {
  applyMessage(message: any): boolean;
  applyPending(): void;
  calledBy(element: Element, descriptor: string): string | number[] | null;
  captureEdits(controls: any[]): Seen;
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
  /** Send a message over the socket. Throws while that is being opened. */
  write(message: any): void;
}

/** The order in which the core passes its functions: property names would cost it too many bytes. */
type MembersOf<Names extends (keyof Core)[]> = { [I in keyof Names]: Core[Names[I]] };
export type CoreParts = MembersOf<[
  "calledBy", "setWhilePending", "close", "requestFullPage", "editCount", "preserveInput", "applyPending", "scanMarkup", "onRevert", "pendingBatch",
  "pending", "perform", "report", "run", "captureEdits", "session", "applyMessage", "trusted", "updateAttribute", "send", "unansweredOp", "unsend", "write",
]>;

/** What the lazy half offers to the core and to the client's other entries. */
export interface Lazy {
  /** Return itself. */
  start(parts: CoreParts): Lazy;
  applyAutofocus(): void;
  applyExtras(extras: any): void;
  /** The request that is under way, until its answer begins. */
  readonly busy: unknown;
  call(name: string, args: Record<string, unknown>): Promise<any>;
  /** Whether the server's value of an attribute is heeded already, since client commands have changed it. */
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
  /** Loads the page again, a few times at most. */
  reloadPage(): void;
  replacePage(html: string, settled: Settled[], fresh?: 1): void;
  sendByFetch(): void;
  setRaw(range: RawRange, change: any, base?: RawBase | null): RawBase | null;
  /** What comes by fetch doesn't count any more; settled when no request is under way that a hello would overtake. */
  stopFetching(): unknown;
  showPendingState(op: Request & { parts?: any[] | null }): void;
  uploadFiles(request: Request, ref: string, fields: any[]): void;
  /** What is shown as pending though it isn't sent yet: files are on their way, or an item is dragged. */
  readonly unsent: Request[];
}

/** Where an op leads. */
export interface Redirect {
  url: string;
  replace?: boolean;
}

/** What features offer to the rest of the lazy half and to each other; see lazy/features.js. */
export interface Features {
  changes: Feature & {
    /** Nothing leaves any more: the page is about to be read anew. */
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
  pages: Feature & { replacePage(html: string, settled: Settled[], fresh?: 1): void };
  raw: Feature & {
    forgetOriginals(): void;
    setRaw(range: RawRange, change: any, base?: RawBase | null): RawBase | null;
  };
  sorting: Feature & { readonly unsent: Request[] };
  unsaved: Feature & {
    allowLeaving(): void;
    /** Ask before the page is replaced by another one. Return whether it may be. */
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

/** What every feature may have. */
export interface Feature {
  /** Called once, when it is there. */
  start?(): void;
  /** There is one of its attributes in the page. */
  register?(call: Call): void;
}
