/** Where the rest of the client is; the build states it with a digest of the content. */
declare const MORE: string;
