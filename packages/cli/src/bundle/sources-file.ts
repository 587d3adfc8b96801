/** Beside the bundle: what it was made from, a path in each line. */
export const SOURCES_FILE = 'sources.txt'
