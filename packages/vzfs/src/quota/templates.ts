/**
 * The account of all layers, which is always full. What a tenant asks of a file that is still a layer's, the kernel compares with the layer's file
 * and then does to the area's copy: with the ioctl for project numbers root of an area could give its copy the layer's number. Whatever has this
 * number cannot grow, and directories that have it pass it on, so there is nothing to be gained. The node's root is not held by limits when it gives files to
 * the account, so layers can be built.
 */

import { closeSync, constants, openSync } from 'node:fs'
import { NO_QUOTA_LIMITS, type Quota } from '@insula/kernel'
import { diskUse } from '../disk-use.ts'

/** Beyond every area's, which are below 65,536. */
export const LAYERS_PROJECT = 0x494e_5300
const FULL = { ...NO_QUOTA_LIMITS, bytesHard: 4096, inodesHard: 1 }

export function closeLayersAccount(quota: Quota): void {
  if (quota.kinds.has('project')) quota.setLimits('project', LAYERS_PROJECT, FULL)
}

/** Idempotent. Nothing where the file system takes no projects. */
export async function giveToLayers(quota: Quota, tree: string): Promise<void> {
  if (!give(quota, Buffer.from(tree))) return
  await diskUse(tree, (path, stats) => {
    // What cannot be opened for itself has no project that anybody could set.
    if (stats.isFile() || stats.isDirectory()) give(quota, path)
  })
}

export function isGivenToLayers(quota: Quota, tree: string): boolean {
  const fd = openSync(tree, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const project = quota.project(fd)
    return project === null || project.id === LAYERS_PROJECT
  } finally {
    closeSync(fd)
  }
}

function give(quota: Quota, path: Buffer): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return quota.setProject(fd, LAYERS_PROJECT)
  } finally {
    closeSync(fd)
  }
}
