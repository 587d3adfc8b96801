export { buildTemplate, type BuildNeed, updateTemplate, withTreeOf } from './build.ts'
export { type AptSetting, formatSetting } from './debian/apt-settings.ts'
export { buildDebian } from './debian/build-debian.ts'
export { originOf } from './debian/origin.ts'
export type { DebianRecipe } from './debian/recipe.ts'
export { definitionDigest } from './definition-digest.ts'
export { fillTreeCache } from './fill-tree-cache.ts'
export { diffPackages, type PackageChange } from './diff.ts'
export { cycloneDx } from './sbom.ts'
export { importTemplate, type ImportNeed } from './import/import.ts'
export { type FailureReason, TemplateFailed } from './failure.ts'
export type { Package } from './package.ts'
export { shippedDefinitions } from './shipped.ts'
export {
  type BuildProgress,
  type Init,
  type PackageManager,
  type ReadyProbe,
  type Template,
  type TemplateSource,
} from './template.ts'
export { listTemplates, removeTemplate, resolveTemplate, showTemplate } from './templates.ts'
export { type App, type AppOnSystem, type AppSource } from './apps/app.ts'
export { listApps } from './apps/apps.ts'
export { type AppBuildNeed, type AppSystem, buildApp } from './apps/build-app.ts'
export { addApp, configureApp, type Configured, placeApp, removeApp, upgradeApp } from './apps/install/change.ts'
export { type Inside, InsideFailed, type InsideOptions, type InsideResult } from './apps/install/inside.ts'
export { BadParameter, chooseParameters, type Values } from './apps/install/parameters.ts'
export type { VpsFacts, Work } from './apps/install/work.ts'
export { updateSystem } from './apps/install/update.ts'
export { buildUpdates, updatesBetween } from './apps/updates.ts'
export { buildRpmUpdates } from './rpm/updates.ts'
