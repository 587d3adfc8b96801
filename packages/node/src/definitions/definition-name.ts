import { TemplateName } from '@insula/contract'

/** Names of directories become names of templates. */
export const isDefinitionName = (text: string): boolean => TemplateName.safeParse(text).success
