/** Drivers in memory, held to the truth by the conformance suites. For tests and simulations; no product code imports this. */

export { type FakeCgroupOptions, type FakeCgroups, type FakeGroup, fakeCgroups, wayInto } from './cgroup/fake.ts'
export { fakePacketFilter, type FakePacketFilter } from './filter/fake.ts'
export { type FakeLinkOptions, fakeLinks, type FakeLinks, type FakePair } from './links/fake.ts'
export { fakeLxcfs, type FakeLxcfs } from './lxcfs/fake.ts'
export { fakeHostProbe } from './probe/fake.ts'
export { type Answer, fakeProcessRunner, type FakeProcessRunner, type RecordedRun, type ScriptedCommand } from './process/fake.ts'
export { fakeQuota, type FakeQuota, type FakeQuotaOptions } from './quota/fake.ts'
export { type FakeVolumeOptions, fakeVolumes, type FakeVolumes } from './volume/fake.ts'
