/** How QEMU is asked for the machine. It emulates: nested virtualization is not to be had everywhere, and this is. */

import type { MachineImage } from './image/machine.ts'
import { MACS, ROOT_PARTUUID } from './layout.ts'

export interface MachineParts {
  readonly image: MachineImage
  readonly checkout: string
  readonly trees: string
  /** 0 or 1. */
  readonly node: number
  /** For its sockets and its log. */
  readonly directory: string
  /** Where the network's sockets are. */
  readonly network: string
  readonly memoryMegabytes: number
  /** More of the kernel's command line; '' for nothing. */
  readonly parameters: string
}

export const portOf = (directory: string): string => `${directory}/port`
export const consoleOf = (directory: string): string => `${directory}/console.log`

export function qemuArgv(parts: MachineParts): string[] {
  const { image, checkout, trees, node, directory, network, memoryMegabytes, parameters } = parts
  const disks = [image.root, checkout, trees, image.volume]
  const lan = (index: number): string => `${network}/lan-${index}`
  return [
    ['qemu-system-x86_64'],
    ['-accel', 'tcg,thread=multi,tb-size=1024'],
    ['-M', 'q35,hpet=off'],
    // All that the emulation can do, except for virtual machines inside, and for what QEMU 7.2 gets wrong: AVX, and page tables of five levels,
    // with which mounts of systemd failed in every other start.
    ['-cpu', 'max,-svm,-la57,-avx,-avx2,-fma,-f16c'],
    ['-smp', '2', '-m', `${memoryMegabytes}`],
    ['-nodefaults', '-no-user-config', '-display', 'none', '-monitor', 'none'],
    ['-kernel', image.kernel, '-append', commandLine(node, parameters)],
    ['-serial', `file:${consoleOf(directory)}`],
    // Debian's cloud kernel has NVMe and ext4 built in, so the machine needs no initrd.
    ['-device', 'nvme,serial=lab,id=nvme'],
    // What is written goes into a file that is gone with the process.
    disks.flatMap((file, index) => [
      '-drive',
      `if=none,id=disk${index},file=${file},format=raw,snapshot=on,cache=unsafe`,
      '-device',
      `nvme-ns,bus=nvme,nsid=${index + 1},drive=disk${index}`,
    ]),
    ['-device', 'virtio-serial', '-chardev', `socket,id=port,path=${portOf(directory)},server=on,wait=off`],
    ['-device', 'virtserialport,chardev=port,name=lab'],
    ['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng'],
    // Datagrams between two sockets of the file system: whatever else there is in the world, it is not on this network.
    ['-netdev', `dgram,id=lan,local.type=unix,local.path=${lan(node)},remote.type=unix,remote.path=${lan(1 - node)}`],
    ['-device', `virtio-net-pci,netdev=lan,mac=${MACS[node]}`],
  ].flat()
}

function commandLine(node: number, parameters: string): string {
  return [
    `root=PARTUUID=${ROOT_PARTUUID} rw rootfstype=ext4 rootwait`,
    'console=ttyS0 loglevel=5 panic=-1',
    // The clock is the host's, and its processor's faults are not the emulation's.
    'tsc=reliable no_timer_check mitigations=off random.trust_cpu=on',
    // QEMU keeps what it has translated by address. A hundred processes of /bin/true take 1.3 s instead of 2.7.
    'norandmaps',
    'systemd.show_status=auto',
    `systemd.hostname=node${node + 1}`,
    `systemd.machine_id=${`${node + 1}ab`.padEnd(32, '0')}`,
    parameters,
  ].join(' ')
}
