/** The agreement between insulad and everything that talks to it. `@insula/contract/light` is the part of it that loads no zod. */

export * from './light.ts'
export { AddressWish, Dns, Hostname, Ipv4, VpsName, VpsRef } from './scalars.ts'
export { Limits, LimitsChange, Vps, VpsChange, VpsCreate, VpsRename, VpsStop } from './vps.ts'
export { ApiError, ErrorBody } from './failure.ts'
export { Task, TaskAnswer, TaskLog } from './task.ts'
export { Template, TemplateBuild, TemplateDefinition } from './template.ts'
export { Health, NodeInfo } from './node.ts'
export { DoctorReport, Finding } from './doctor.ts'
export { Event } from './event.ts'
export { ConsoleOpen, ConsoleServerMessage, ExecOpen, ExecServerMessage, SessionClientMessage } from './session.ts'
export { type Route, routes } from './routes.ts'
export { openApiDocument } from './openapi.ts'
