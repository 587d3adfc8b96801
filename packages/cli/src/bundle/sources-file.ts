/** Beside the bundle: what it was made from, a path from there in each line, so that a checkout can be moved; the one to run instead first. */
export const SOURCES_FILE = 'sources.txt'
