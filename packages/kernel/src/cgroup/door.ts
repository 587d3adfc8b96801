/**
 * A way into a group's v1 hierarchies for a process that does not exist yet. Between fork and exec nothing of ours can run, and a process that
 * is moved from outside may have forked before. So a process joins by itself, with the first instructions that it runs, and then becomes
 * what it shall be.
 */

import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { programPath } from '../process/attached.ts'
import { immediate, tinyProgram } from '../process/tiny-program.ts'
import { CANNOT_JOIN, type CgroupDoor } from './cgroup.ts'
import { openTasks } from './enter.ts'
import type { Hierarchies } from './hierarchies.ts'

/**
 * Writes "0" ("me") to each of the descriptors from 3 on, closes it, and becomes what its arguments say.
 * "tasks", not "cgroup.procs": for the writer's own thread the kernel takes no global lock.
 */
const joinCode = (count: number): string[] => [
  '488b1c24', // mov rbx, [rsp]            argc
  '4c8d642410', // lea r12, [rsp+16]       &argv[1]
  '4c8d6cdc10', // lea r13, [rsp+rbx*8+16] envp
  `41be${immediate(3)}`, // mov r14d, 3
  // next:
  `4181fe${immediate(3 + count)}`, // cmp r14d, 3 + count
  '742a', // je run
  '4489f7', // mov edi, r14d
  `488d35${immediate(0x3d)}`, // lea rsi, [rip+zero]
  `ba${immediate(1)}`, // mov edx, 1
  `b8${immediate(1)}`, // mov eax, 1       write
  '0f05', // syscall
  '83f801', // cmp eax, 1
  '7520', // jne failed
  '4489f7', // mov edi, r14d
  `b8${immediate(3)}`, // mov eax, 3       close
  '0f05', // syscall
  '41ffc6', // inc r14d
  'ebcd', // jmp next
  // run:
  '498b3c24', // mov rdi, [r12]
  '4c89e6', // mov rsi, r12
  '4c89ea', // mov rdx, r13
  `b8${immediate(59)}`, // mov eax, 59     execve
  '0f05', // syscall
  // failed:
  `bf${immediate(CANNOT_JOIN)}`, // mov edi, 125
  `b8${immediate(60)}`, // mov eax, 60     exit
  '0f05', // syscall
  '30', // zero: "0"
]

/** By the number of descriptors, which is the same for all groups of a machine. */
const programs = new Map<number, string>()

function joinProgram(count: number): string {
  const program = programs.get(count) ?? tinyProgram('insula-join', joinCode(count))
  programs.set(count, program)
  return program
}

export function doorV1({ v1 }: Hierarchies, path: string): CgroupDoor {
  const descriptors: number[] = []
  const close = (): void => descriptors.splice(0).forEach((fd) => closeSync(fd))
  try {
    for (const root of new Set(v1.values())) descriptors.push(openTasks(join(root, path), path))
  } catch (error) {
    close()
    throw error
  }
  const count = descriptors.length
  return {
    descriptors,
    through: ([command, ...rest]) => [joinProgram(count), programPath(command), ...rest],
    [Symbol.dispose]: close,
  }
}
