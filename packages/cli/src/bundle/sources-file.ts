/** Beside the bundle: what it was made from, a path in each line, the one to run instead first. */
export const SOURCES_FILE = 'sources.txt'
