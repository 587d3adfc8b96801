/**
 * Smaller files stay where they are: below one block of the file system a stub (an inode with attributes) takes as much as the file, and one
 * lookup more. Those of a layer are still shared by all who use the layer.
 */
export const SHARED_FROM_BYTES = 4096
