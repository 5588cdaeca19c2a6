import { create as createModel } from "./model.mjs";

/** A delta for each event, as it came, in place of one for all that were read together. */
export const create = (setting, more) => createModel(setting, { coalesce: false, ...more });
