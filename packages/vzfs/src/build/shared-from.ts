/**
 * Smaller files of a layer stay where they are: they are shared by all who use the layer in any case, and a stub would take one lookup more. Those that areas brought
 * themselves are another matter (relink/worth-sharing.ts).
 */
export const SHARED_FROM_BYTES = 4096
