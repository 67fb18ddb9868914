import { Problem } from '../errors.ts';

/** Why a call to the catalog failed, if it is certain that the call changed nothing. */
export class CatalogUnchanged extends Problem {}
