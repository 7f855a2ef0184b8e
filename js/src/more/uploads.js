// Files of forms, which go to the server before their op.

/** @type {import("../connection.js").Op[]} that are to be made when their files are there */
export const uploads = [];
