/**
 * How much longer than a real machine this one may take: deadlines are there for what never comes, and an emulated machine is ten times
 * slower. INSULA_TEST_PATIENCE is the factor.
 */
export const PATIENCE = Number(process.env['INSULA_TEST_PATIENCE'] ?? '1')
