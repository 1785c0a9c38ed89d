// A room's view as this member holds it: snapshots, merge patches, and when a patch may be applied.

/**
 * JSON Merge Patch (RFC 7396). The target is left as it is and shares what did not change with the result,
 * so that older views stay whole: interpolation reads them.
 */
export function mergePatch(target, patch) {
  if (!isObject(patch)) return patch;
  const merged = isObject(target) ? { ...target } : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete merged[key];
    else set(merged, key, mergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, value));
  }
  return merged;
}

export class SharedView {
  /** Null until a snapshot has come, and again whenever what is held can no longer be patched. */
  #base = null;
  #view = null;
  #tick = 0;
  #epoch = 0;
  #ack = 0;

  /** The newest view; it stays readable while a gap heals. */
  get view() {
    return this.#view;
  }

  get tick() {
    return this.#tick;
  }

  get epoch() {
    return this.#epoch;
  }

  /** The highest input of this seat that is settled. */
  get ack() {
    return this.#ack;
  }

  /** The room runs under this epoch from now on, and its next state is a snapshot. An older one is ignored. */
  expect(epoch) {
    if (epoch < this.#epoch) return;
    this.#epoch = epoch;
    this.#base = null;
  }

  /** Another seat, or the same one after a cut: its inputs are settled up to here. */
  settle(ack) {
    this.#ack = ack;
  }

  /** True when the view is now this one. */
  snapshot({ ack, epoch, tick, state }) {
    if (epoch < this.#epoch) return false;
    this.#epoch = epoch;
    this.#adopt(ack, tick, state);
    return true;
  }

  /** "applied", "ignored", or "gap": then the view has to be asked for with `room.sync`. */
  delta({ ack, epoch, tick, base, patch }) {
    if (epoch < this.#epoch) return "ignored";
    if (epoch > this.#epoch) {
      // The snapshot that begins a new epoch is on its way; only if it does not come is there a gap.
      this.expect(epoch);
      return "ignored";
    }
    if (base !== this.#base) {
      this.#base = null;
      return "gap";
    }
    this.#adopt(ack, tick, mergePatch(this.#view, patch));
    return "applied";
  }

  #adopt(ack, tick, view) {
    this.#ack = ack ?? this.#ack;
    this.#base = tick;
    this.#tick = tick;
    this.#view = view;
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// Assigned, a key named "__proto__" would change what the object is instead of what it holds.
function set(object, key, value) {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
