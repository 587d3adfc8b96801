/** insulad as a value, and fakes of what is its own: for tests that run it over a kernel that is not there. */

export { type Drivers, type NodeDaemon, openNode } from './compose.ts'
export { type FakeCommand, type FakeInit, type FakeKeeper, fakeKeeper } from './keeper/fake.ts'
export { type BuildOptions, type ShelvedTemplate, type TemplateShelf } from './template-shelf.ts'
